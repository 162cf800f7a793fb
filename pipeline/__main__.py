"""`python -m pipeline` is `beam-bert`."""

from typing import NoReturn

from pipeline.console import interruption, streams


def program() -> NoReturn:
    """Run the command line of this process, and end it.

    Signals are caught before the imports of the command line, which take a tenth of a second.
    """
    streams.open_closed()
    interruption.catch()
    from pipeline import cli

    cli.program()


if __name__ == "__main__":
    program()
