"""From the values of flags to configurations, and back."""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from pipeline.errors import UsageError, did_you_mean
from pipeline.options import flags
from pipeline.options.embed_config import EmbedConfig, InputConfig, value_at
from pipeline.options.flag_row import Flag, Settings

_Config = TypeVar("_Config")


def settings_of(values: Settings) -> dict[str, Any]:
    """Return the value of every flag that configures a job.

    Args:
        values: by the names of flags, without dashes; the other flags have their defaults.

    Raises:
        UsageError: there is no such flag, or a value has the wrong type.
    """
    rows = {row.name: row for row in flags.FLAGS if row.path}
    for name in values:
        if name not in rows:
            remedy = did_you_mean(name, rows, "beam-bert embed --help lists the flags")
            raise UsageError(f"unknown setting {name!r}: {remedy}")
    defaults = {name: row.default for name, row in rows.items()}
    return defaults | {name: rows[name].check(value, name) for name, value in values.items()}


def embed_config(settings: Settings) -> EmbedConfig:
    """Convert the values of all flags to a configuration.

    Raises:
        UsageError: a value is not allowed; the message names the flag.
    """
    try:
        return _build(EmbedConfig, "", _by_path(settings))
    except ValueError as error:
        raise UsageError(str(error)) from error


def input_config(settings: Settings) -> InputConfig:
    """Convert those flags of the input that a command has.

    Raises:
        ValueError: a value is not allowed; the message names the flag.
    """
    return _build(InputConfig, "input.", _by_path(settings))


def from_identity(identity: Mapping[str, Any], output: str) -> EmbedConfig:
    """Return the configuration that has an identity; other fields have their defaults.

    A flag that the identity leaves out has the value of `Flag.omitted_value`.

    Args:
        identity: as `EmbedConfig.identity` returns it, or as run.json holds it.
        output: the output folder.

    Raises:
        KeyError, TypeError, ValueError: it is not the identity of a configuration.
    """
    values = {row.path: _stored_value(row, identity) for row in flags.FLAGS if row.decides_output}
    return _build(EmbedConfig, "", {**values, "output": output})


def _stored_value(row: Flag, identity: Mapping[str, Any]) -> Any:
    if row.omitted_by_default and row.option not in identity:
        return row.omitted_value
    value = identity[row.option]
    return tuple(value) if row.value_type in (list, tuple) else value


def settings_from(config: EmbedConfig) -> dict[str, Any]:
    """Return the values of the flags that make a configuration."""
    values = {row: value_at(config, row.path) for row in flags.FLAGS if row.path}
    return {
        row.name: (list(value) if row.value_type is list else ",".join(value))
        if isinstance(value, tuple)
        else value
        for row, value in values.items()
    }


def _by_path(settings: Settings) -> dict[str, Any]:
    """Return the values of the configuration by their paths."""
    return {
        row.path: row.step(settings[row.name], settings)
        for row in flags.FLAGS
        if row.path and row.name in settings
    }


def _build(config_type: type[_Config], prefix: str, values: Mapping[str, Any]) -> _Config:
    """Build a configuration, and those within it, from values by their paths."""
    arguments: dict[str, Any] = {}
    for field in dataclasses.fields(config_type):  # type: ignore[arg-type]
        path = prefix + field.name
        if path in values:
            arguments[field.name] = values[path]
        elif dataclasses.is_dataclass(field.type):
            arguments[field.name] = _build(field.type, f"{path}.", values)  # type: ignore[arg-type]
    return config_type(**arguments)
