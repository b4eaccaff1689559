"""`python -m cla` is the command line `cla`."""

import sys

from cla.cli import main

sys.exit(main())
