"""`python -m pipeline` is `beam-bert`."""

import signal
from typing import NoReturn

from pipeline.console import interruption, streams


def program() -> NoReturn:
    """Run the command line of this process, and end it.

    Signals are caught before the imports of the command line, which take a tenth of a second.
    """
    streams.open_closed()
    interruption.catch()
    try:
        from pipeline import cli

        cli.program()
    except KeyboardInterrupt:
        # It came during the imports.
        interruption.end(128 + signal.SIGINT)
        raise


if __name__ == "__main__":
    program()
