"""Values of flags that come from elsewhere than the command line, held against the flags."""

import argparse
from collections.abc import Mapping
from typing import Any

from pipeline.console.parser import did_you_mean
from pipeline.errors import UsageError
from pipeline.options import flags


def namespace_of(settings: Mapping[str, Any]) -> argparse.Namespace:
    """Give what parsing the flags of `embed` would have given.

    Args:
        settings: by the names of flags, without dashes; the others have their defaults.

    Raises:
        UsageError: there is no such flag, or its value is of another type.
    """
    parser = argparse.ArgumentParser()
    flags.add_embed_flags(parser)
    actions = {action.dest: action for action in parser._actions if action.dest != "help"}
    for name, value in settings.items():
        if name not in actions:
            raise UsageError(f"there is no {name!r}: {did_you_mean(name, actions, 'see embed')}")
        check_value(actions[name], value, name)
    defaults = {name: action.default for name, action in actions.items()}
    return argparse.Namespace(**defaults | dict(settings))


def check_value(action: argparse.Action, value: object, name: str) -> None:
    """Refuse, by UsageError, a value of another type than a flag has."""
    if value is None and action.default is None:
        return
    if action.nargs == "+":
        fits = isinstance(value, list) and all(isinstance(one, str) for one in value)
        wanted = "a list of texts"
    elif action.nargs == 0:
        fits, wanted = isinstance(value, bool), "true or false"
    elif action.type is int:
        fits, wanted = isinstance(value, int) and not isinstance(value, bool), "a whole number"
    elif action.type is float:
        fits, wanted = isinstance(value, int | float) and not isinstance(value, bool), "a number"
    else:
        fits, wanted = isinstance(value, str), "text"
    if not fits:
        raise UsageError(f"{name} is {value!r}; give {wanted}")
