"""`python -m pipeline` is `beam-bert`."""

import sys

from pipeline.cli import main

sys.exit(main())
