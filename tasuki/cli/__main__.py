"""`python -m tasuki.cli`."""

import sys

from tasuki.cli import main

sys.exit(main())
