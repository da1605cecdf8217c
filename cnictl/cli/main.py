"""Where `cnictl` starts: a plugin when it is called as one, else the command line."""

from __future__ import annotations

import sys


def main() -> int:
    """Run what the arguments say and return the exit status.

    `cnictl bridge` is the plugin bridge, with no more loaded than its symlink would load.  A shell
    that completes a word calls `cnictl --complete`, and gets its answer with less than that.
    """
    if sys.argv[1:2] == ["--complete"]:
        from cnictl.cli import complete

        return complete.main(sys.argv[2:])
    from cnictl_plugins import multicall

    called = sys.argv[0].rpartition("/")[2]
    if multicall.is_daemon(called, sys.argv):
        from cnictl.cli.app import run

        return run([called, *sys.argv[1:]])
    if called in multicall.PROGRAMS:
        return multicall.main(called)
    if len(sys.argv) == 2 and sys.argv[1] in multicall.PROGRAMS:
        return multicall.main(sys.argv[1])
    from cnictl.cli.app import run

    return run()
