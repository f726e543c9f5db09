"""The command line as ``python -m skspot``."""

import sys

from skspot.cli import main

if __name__ == "__main__":
    sys.exit(main())
