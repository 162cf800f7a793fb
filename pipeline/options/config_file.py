"""`--config`: flags from a YAML or JSON file, or from the run.json of an earlier job."""

import argparse
from collections.abc import Sequence
from typing import Any

import yaml

from pipeline.console.parser import Parser
from pipeline.errors import UsageError
from pipeline.options import flag_values
from transforms import escaping

_MOST_BYTES = 1 << 20
# Several names, which the command line has with commas between.
_LISTS = ("features", "keep_fields")


def parse(parser: Parser, arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Parse a command line, and the file that its `--config` names; the command line goes first.

    Returns:
        our flags; and what is left, which is Beam's.

    Raises:
        UsageError: the file cannot be read, or holds what no flag can take.
    """
    path = _path(arguments)
    beams: list[str] = []
    if path is not None:
        ours = {action.dest: action for action in parser._actions}
        for key, value in _settings(path).items():
            name = str(key).lstrip("-")
            if name in ours and name not in ("help", "config"):
                ours[name].default = _checked(ours[name], value, f"--config {path}: {name}")
                ours[name].required = False
            else:
                beams += _of_beam(name, value, path)
    parsed, left = parser.parse_known_args(arguments)
    return parsed, [*beams, *left]


def _path(arguments: Sequence[str]) -> str | None:
    if "-h" in arguments or "--help" in arguments:
        return None
    finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    finder.add_argument("--config", nargs="?")
    path: str | None = finder.parse_known_args(arguments)[0].config
    return path


def _settings(path: str) -> dict[Any, Any]:
    try:
        with open(path, "rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise UsageError(f"--config {path}: has more than 1 MiB; name a file of flags")
        found = yaml.load(content.decode(), _Loader)  # noqa: S506  (a SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"--config {path}: cannot be read: {why}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        why = escaping.one_line(" ".join(str(error).split()))
        raise UsageError(f"--config {path}: is no YAML: {why}") from error
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise UsageError(f"--config {path}: give a line for each flag, as in max_seq_length: 64")
    return _of_run(found) if isinstance(found.get("configuration"), dict) else found


class _Loader(yaml.SafeLoader):
    """Reads plain values only: no references, which can grow without bounds, and no key twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it has a reference (*): write the value out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = [key.value for key, _ in node.value]
        doubled = next((key for key in keys if keys.count(key) > 1), None)
        if doubled is not None:
            raise yaml.YAMLError(f"it has {doubled!r} twice")
        return super().construct_mapping(node, deep)


def _of_run(run: dict[str, Any]) -> dict[str, Any]:
    """Take the flags out of a run.json, and the model by its fingerprint."""
    model = run.get("model")
    told = model if isinstance(model, dict) else {}
    of_model = {"model": told.get("handle"), "model_sha256": told.get("fingerprint")}
    configuration: dict[str, Any] = run["configuration"]
    return configuration | {name: value for name, value in of_model.items() if value}


def _checked(action: argparse.Action, value: Any, place: str) -> Any:
    if action.dest in _LISTS and isinstance(value, list):
        value = ",".join(map(str, value))
    if action.nargs == "+" and isinstance(value, str):
        value = [value]
    flag_values.check_value(action, value, place)
    if action.choices is not None and value not in action.choices:
        raise UsageError(f"{place} is {value!r}; there are {', '.join(action.choices)}")
    return value


def _of_beam(name: str, value: Any, path: str) -> list[str]:
    """Write a flag that is none of ours as Beam's parser takes it, which then judges the name."""
    several = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int | float) for one in several):
        raise UsageError(f"--config {path}: {name} is no value of a flag")
    if isinstance(value, bool):
        return [f"--{name}"] if value else []
    return [f"--{name}={one}" for one in several]
