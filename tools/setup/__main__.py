"""`python3 -m tools.setup`. Kept readable for old Pythons, so that they get a sentence."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the reason for this file
    sys.exit(
        "setup: Python 3.11 or newer is needed, this is "
        + sys.version.split()[0]
        + "; install one, or name it: make setup PYTHON=python3.11"
    )

from tools.setup.checkout import main

sys.exit(main())
