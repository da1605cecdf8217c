"""The systemd units of the daemons, as `cnictl install --systemd` writes and `uninstall` removes them."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from cnictl import launcher
from cnictl.install import ONE_SHOT, install_units, uninstall_units
from cnictl.ipam.dhcp_rpc import SOCKET
from cnictl.launcher import InstallError
from cnictl.worker import paths

NAMES = ["cni-dhcp.service", "cni-dhcp.socket"]
WORKER = ["cnictl-worker.service", "cnictl-worker.socket"]


def unit(path: Path) -> configparser.ConfigParser:
    """Give the sections and settings of a unit, whose form is that of an INI file."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser


def test_the_units_start_the_installed_program(tmp_path: Path):
    """On the socket that plugins call; a second time there is nothing to do."""
    made = install_units(str(tmp_path / "system"), "/srv/cni/bin")
    assert made == [str(tmp_path / "system" / name) for name in NAMES]
    service, socket = (unit(Path(path)) for path in made)
    assert service["Service"]["ExecStart"] == "/srv/cni/bin/dhcp daemon"
    assert service["Unit"]["Requires"] == "cni-dhcp.socket"
    assert socket["Socket"]["ListenStream"] == SOCKET
    assert socket["Install"]["WantedBy"] == "sockets.target"
    assert {oct(Path(path).stat().st_mode & 0o777) for path in made} == {"0o644"}
    assert install_units(str(tmp_path / "system"), "/srv/cni/bin") == []
    assert install_units(str(tmp_path / "system"), "/opt/cni/bin") == made[:1]


def test_the_workers_units_start_what_no_worker_is_needed_for(tmp_path: Path):
    """The one-shot launcher, on the socket that launchers call; and they go with the others."""
    made = install_units(str(tmp_path), "/srv/cni/bin", worker=True)
    assert [Path(path).name for path in made] == NAMES + WORKER
    service, socket = (unit(Path(path)) for path in made[2:])
    assert service["Service"]["ExecStart"] == f"/srv/cni/bin/{ONE_SHOT} worker serve"
    assert service["Service"]["KillMode"] == "mixed"
    assert socket["Socket"]["ListenStream"] == paths.SOCKET
    assert socket["Socket"]["SocketMode"] == "0600"
    assert f'#define SOCKET "{paths.SOCKET}"' in Path(launcher.SOURCE).read_text()
    assert uninstall_units(str(tmp_path)) == made


def test_units_of_others_stay(tmp_path: Path):
    """Unless one insists; and uninstall leaves them alone."""
    theirs = tmp_path / "cni-dhcp.service"
    theirs.write_text("[Service]\nExecStart=/usr/lib/cni/dhcp daemon\n")
    with pytest.raises(InstallError, match="there are units of others") as refused:
        install_units(str(tmp_path), "/opt/cni/bin")
    assert "--force" in refused.value.hint
    assert [one.name for one in tmp_path.iterdir()] == ["cni-dhcp.service"]
    assert uninstall_units(str(tmp_path)) == []
    assert len(install_units(str(tmp_path), "/opt/cni/bin", force=True)) == 2
    assert [Path(path).name for path in uninstall_units(str(tmp_path))] == NAMES
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written():
    """It is named."""
    with pytest.raises(InstallError, match="cannot install into /proc/units"):
        install_units("/proc/units", "/opt/cni/bin")
