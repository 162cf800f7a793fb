"""One of Beam's Python workers, which ends with the job from its first moment on; see `orphans`.

While it starts, Beam's worker would wait a minute for a job that is killed, and print a traceback.
"""

import sys

from pipeline.runners import orphans  # noqa: F401

# After it, since importing Beam takes seconds.
# isort: split
from apache_beam.runners.worker import sdk_worker_main

if __name__ == "__main__":
    sdk_worker_main.main(sys.argv)
