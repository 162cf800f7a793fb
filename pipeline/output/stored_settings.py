"""Take from a job that continues what the flags of a command leave open.

A sample of the corpus shows the types of kept fields when a job begins. A later sample may differ,
because a file of it cannot be read, or can be read again. Jobs from before batches had groups of
lengths go on without them.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from pipeline.options.embed_config import EmbedConfig
from pipeline.output import run_file
from transforms.bert.compute import default_length_group
from transforms.fields import KeptField, parse_fields

_KEEP_FIELDS, _LENGTH_GROUP = "--keep_fields", "--length_group"


def with_stored_settings(config: EmbedConfig) -> EmbedConfig:
    """Set what no flag gives to the values of an earlier call in the output folder.

    These are the types of kept fields, and the default of `--length_group`.
    """
    if config.overwrite or not (_has_open_types(config) or _has_default_group(config)):
        return config
    stored = _stored_configuration(config.output)
    return config if stored is None else _with_group(_with_types(config, stored), stored)


def _has_open_types(config: EmbedConfig) -> bool:
    return not all(field.type for field in config.input.read.kept)


def _has_default_group(config: EmbedConfig) -> bool:
    default = default_length_group(config.compute.engine)
    return default > 0 and config.batching.length_group == default


def _stored_configuration(folder: str) -> Mapping[str, Any] | None:
    """Return the configuration of an earlier call; None if it cannot be read."""
    try:
        run = run_file.load_run(folder)
    except (AttributeError, OSError, TypeError, ValueError):
        return None
    return None if run is None else run.configuration


def _with_types(config: EmbedConfig, stored: Mapping[str, Any]) -> EmbedConfig:
    try:
        fields = parse_fields(stored.get(_KEEP_FIELDS) or ())
    except (AttributeError, TypeError, ValueError):
        return config
    types = {field.name: field.type for field in fields}
    kept = config.input.read.kept
    typed = [KeptField(field.name, field.type or types.get(field.name, "")) for field in kept]
    read = dataclasses.replace(config.input.read, keep_fields=tuple(map(str, typed)))
    return dataclasses.replace(config, input=dataclasses.replace(config.input, read=read))


def _with_group(config: EmbedConfig, stored: Mapping[str, Any]) -> EmbedConfig:
    if _LENGTH_GROUP in stored or not _has_default_group(config):
        return config
    return dataclasses.replace(
        config, batching=dataclasses.replace(config.batching, length_group=0)
    )
