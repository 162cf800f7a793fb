"""`--config`: flags from a YAML or JSON file, or from the run.json of an earlier job."""

import argparse
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from pipeline.errors import UsageError
from pipeline.options.flag_row import Flag
from transforms import escaping

_MOST_BYTES = 1 << 20
# The help needs no file, and a file names no other file.
_NOT_IN_A_FILE = ("help", "config")


def with_defaults(rows: Iterable[Flag], arguments: Sequence[str]) -> tuple[list[Flag], list[str]]:
    """Take defaults from the file that `--config` names, so that the command line goes first.

    Args:
        rows: the flags of a command.
        arguments: its command line.

    Returns:
        the flags, with the values of the file as defaults; and the other flags of the file as
        words, which are Beam's.

    Raises:
        UsageError: the file cannot be read, or a value is not allowed.
    """
    path = _path(arguments)
    by_name = {row.name: row for row in rows}
    others: list[str] = []
    for key, value in ({} if path is None else _settings(path, by_name)).items():
        name = str(key).lstrip("-")
        if name in by_name and name not in _NOT_IN_A_FILE:
            default = by_name[name].check(value, f"--config {path}: {name}")
            by_name[name] = dataclasses.replace(by_name[name], default=default, required=False)
        else:
            others += _beam_words(name, value, f"--config {path}")
    return list(by_name.values()), others


def _path(arguments: Sequence[str]) -> str | None:
    if "-h" in arguments or "--help" in arguments:
        return None
    finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    finder.add_argument("--config", nargs="?")
    path: str | None = finder.parse_known_args(arguments)[0].config
    return path


def _settings(path: str, rows: Mapping[str, Flag]) -> dict[Any, Any]:
    try:
        with open(path, "rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise UsageError(f"--config {path}: has more than 1 MiB; name a file of flags")
        settings = yaml.load(content.decode(), _Loader)  # noqa: S506  (a SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        reason = _reason(path, error) if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"--config {path}: cannot be read: {reason}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = escaping.one_line(" ".join(str(error).split()))
        raise UsageError(f"--config {path}: is not valid YAML: {reason}") from error
    if not isinstance(settings, dict) or not all(isinstance(key, str) for key in settings):
        raise UsageError(
            f"--config {path}: write one line for each flag, such as max_seq_length: 64"
        )
    is_run = isinstance(settings.get("configuration"), dict)
    return _settings_of_run(settings, rows.values()) if is_run else settings


def _reason(path: str, error: OSError) -> str:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        return error.strerror or str(error)
    from transforms.io import path_kinds

    return f"{error.strerror}; {path_kinds.describe(path)}"


class _Loader(yaml.SafeLoader):
    """Loads plain values only: no references, which can grow without bounds, and no double keys."""

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


def _settings_of_run(run: dict[str, Any], rows: Iterable[Flag]) -> dict[str, Any]:
    """Return the flags in a run.json, and the model with its fingerprint.

    A flag that is younger than the job, with another default, has the value from before it.
    """
    before = {row.option: row.value_before for row in rows if row.value_before is not None}
    model = run.get("model")
    facts = model if isinstance(model, dict) else {}
    of_model = {"model": facts.get("handle"), "model_sha256": facts.get("fingerprint")}
    inputs = run.get("inputs")
    # The list of the newest update goes first.
    newest: dict[str, Any] = inputs if isinstance(inputs, dict) else {}
    configuration: dict[str, Any] = run["configuration"] | newest
    return before | configuration | {name: value for name, value in of_model.items() if value}


def _beam_words(name: str, value: Any, place: str) -> list[str]:
    """Write a flag that is not ours as Beam's parser reads it; that parser checks the name."""
    several = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int | float) for one in several):
        raise UsageError(f"{place}: {name} has a value that no flag can have")
    if isinstance(value, bool):
        return [f"--{name}"] if value else []
    return [f"--{name}={one}" for one in several]
