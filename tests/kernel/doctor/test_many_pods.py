"""A node with 250 pods: how long a pass takes, and how much memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.kernel.doctor.laboratory import NETWORK, WEB, put
from tests.kernel.doctor.test_laboratory import environment, shell, well

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

__all__ = ["well"]

PODS = 250
SECONDS, MEGABYTES = 3.0, 150
"""Of processor time, all programs that are run included, and of memory."""
MANY = f"""
import base64, json, os, subprocess
one = json.load(open("/var/lib/cni/results/web-pod-eth0"))
names = [f"cni-{{i:04}}" for i in range({PODS})]
run = lambda *words, given: subprocess.run(words, input=given, text=True, check=True)
run("ip", "-batch", "-", given="".join(f"netns add {{name}}\\n" for name in names))
run("ip", "-batch", "-", given="".join(
    f"link add v{{i}} type veth peer name eth0 netns {{name}}\\nlink set v{{i}} master web0 up\\n"
    for i, name in enumerate(names)))
rules = []
for i, name in enumerate(names):
    address = f"10.9.{{1 + i // 250}}.{{i % 250 + 2}}"
    run("ip", "-n", name, "-batch", "-", given=f"addr add {{address}}/22 dev eth0\\nlink set eth0 up\\n")
    one.update(containerId=name, netns=f"/run/netns/{{name}}")
    port = {{"hostPort": 20000 + i, "containerPort": 80, "protocol": "tcp"}}
    one["capabilityArgs"] = {{"portMappings": [port]}}
    result = one["result"]
    result["interfaces"] = [{{"name": f"v{{i}}"}}, {{"name": "eth0", "sandbox": f"/run/netns/{{name}}"}}]
    result["ips"] = [{{"address": f"{{address}}/22", "interface": 1}}]
    json.dump(one, open(f"/var/lib/cni/results/web-{{name}}-eth0", "w"))
    open(f"/var/lib/cni/networks/web/{{address}}", "w").write(f"{{name}}\\r\\neth0")
    comment = f'-m comment --comment "dnat name: \\\\"web\\\\" id: \\\\"{{name}}\\\\""'
    chain = f"CNI-DN-{{i:021}}"
    jump = f"-m multiport --dports {{20000 + i}} -j {{chain}}"
    rules += [f":{{chain}} - [0:0]", f"-A CNI-HOSTPORT-DNAT -p tcp {{comment}} {{jump}}"]
    rules += [f"-A {{chain}} -s {{address}}/32 -p tcp --dport {{20000 + i}} -j CNI-HOSTPORT-SETMARK"]
    rules += [f"-A {{chain}} -p tcp --dport {{20000 + i}} -j DNAT --to-destination {{address}}:80"]
run("iptables-restore", "-n", given="*nat\\n" + "\\n".join(rules) + "\\nCOMMIT\\n")
"""
MEASURE = """
import resource, subprocess, sys
words = ["/run/cnictl", "doctor", "--whole-node", "--log", "/dev/null", "-o", "json"]
done = subprocess.run(words, stdout=subprocess.PIPE)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stdout.write(f"{used.ru_utime + used.ru_stime} {used.ru_maxrss / 1024}\\n")
sys.stdout.flush()
sys.stdout.buffer.write(done.stdout)
"""


def test_a_pass_is_quick_and_small(well: Node):
    """And finds nothing wrong."""
    wide = json.dumps(NETWORK).replace("10.9.0.0/24", "10.9.0.0/22").replace('"10.9.0.6"', '"10.9.3.254"')
    shell(well, put(WEB, wide) + "\n" + "ip addr add 10.9.0.1/22 dev web0; ip addr del 10.9.0.1/24 dev web0")
    shell(well, put("/run/many.py", MANY) + "\npython3 /run/many.py\n" + put("/run/measure.py", MEASURE))
    done = well.run(["python3", "/run/measure.py"], env=environment(), timeout=100).checked()
    figures, _, said = done.stdout.partition("\n")
    seconds, megabytes = map(float, figures.split())
    assert json.loads(said)["findings"] == []
    assert seconds < SECONDS, f"{seconds:.2f} s of processor time"
    assert megabytes < MEGABYTES, f"{megabytes:.0f} MB"
