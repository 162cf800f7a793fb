"""The commands of the program: each module defines one as `COMMAND`.

Importing a command is cheap; what it needs to run is imported when it runs.
"""

import functools

from pipeline.console.command import Command
from transforms.plugins import load_plugins


@functools.cache
def all_commands() -> dict[str, Command]:
    """Return the commands by their names, in the order of the overview."""
    commands = load_plugins(__name__, "COMMAND").values()
    return {command.name: command for command in sorted(commands, key=lambda one: one.place)}
