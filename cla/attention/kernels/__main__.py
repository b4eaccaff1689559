"""`python -m cla.attention.kernels`, see `ahead`."""

import sys

from cla.attention.kernels.ahead import main

sys.exit(main())
