"""One of Beam's Python workers, which ends with the job from its first moment on; see `orphans`.

While it starts, Beam's worker would wait a minute for a job that is killed, and print a traceback.
"""

import os
import sys

from pipeline.runners import orphans  # noqa: F401

# After it, since importing Beam takes seconds.
# isort: split
from apache_beam.runners.worker import sdk_worker_main

from pipeline.console import quiet
from transforms.running import publishing

# The job sets it for its log level; see `quiet.import_tensorflow`.
_IS_LOUD = os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "0"

if __name__ == "__main__":
    quiet.import_tensorflow("info" if _IS_LOUD else "warning")
    publishing.publish()
    sdk_worker_main.main(sys.argv)
