"""The commands of the program: each module defines one as `COMMAND`.

Importing a command is cheap; what it needs to run is imported when it runs.
"""

import functools
import importlib
import pkgutil

from pipeline.console.command import Command


@functools.cache
def all_commands() -> dict[str, Command]:
    """Return the commands by their names, in the order of the overview."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    commands = [importlib.import_module(f"{__name__}.{name}").COMMAND for name in names]
    return {command.name: command for command in sorted(commands, key=lambda one: one.place)}
