"""Files that a throwaway node is given: as they were, whatever they are."""

from __future__ import annotations

import json
import sys

from cnictl.sandbox.node import ROOT, Node

PACKED_AND_UNPACKED = """
import json, os, shutil, sys
sys.path.insert(0, sys.argv[1])
from cnictl.sandbox.files import pack, unpack

os.makedirs("/run/given/inner")
open("/run/given/inner/file", "w").write("text")
os.chmod("/run/given/inner/file", 0o4760)
os.chown("/run/given/inner/file", 1234, 5678)
os.symlink("/usr/lib/cni/bridge", "/run/given/far")
os.symlink("../given/inner", "/run/given/near")
os.mkfifo("/run/given/fifo", 0o622)
os.chmod("/run/given/fifo", 0o622)

def seen():
    found = {}
    for directory, inner, names in os.walk("/run/given"):
        for name in [*inner, *names]:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            link = os.readlink(path) if os.path.islink(path) else ""
            found[path] = [oct(status.st_mode), status.st_uid, status.st_gid, int(status.st_mtime), link]
    return found

before, missing = seen(), []
packed = pack(["/run/given"], missing)
shutil.rmtree("/run/given")
unpack(packed)
print(json.dumps([before, seen(), missing, open("/run/given/near/file").read()]))
"""


def test_files_are_unpacked_as_they_were(node: Node) -> None:
    """Modes, owners, times, and links that lead anywhere."""
    done = node.run([sys.executable, "-I", "-c", PACKED_AND_UNPACKED, ROOT]).checked()
    before, after, missing, text = json.loads(done.stdout)
    assert missing == []
    assert text == "text"
    assert len(before) == 5
    assert after == before
