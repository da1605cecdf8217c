"""`python -m cnictl`."""

import sys

from cnictl.cli.main import main

sys.exit(main())
