"""Take the types of kept fields from a job that continues.

A sample of the corpus shows the types when a job begins. A later sample may differ, because a file
of it cannot be read, or can be read again.
"""

import dataclasses

from pipeline.options.embed_config import EmbedConfig
from pipeline.output import run_file
from transforms.fields import KeptField, parse_fields

_FLAG = "--keep_fields"


def with_stored_types(config: EmbedConfig) -> EmbedConfig:
    """Set the types that no flag gives to those of an earlier call in the output folder."""
    kept = config.input.read.kept
    if config.overwrite or all(field.type for field in kept):
        return config
    stored = {field.name: field.type for field in _stored_fields(config.output)}
    typed = [KeptField(field.name, field.type or stored.get(field.name, "")) for field in kept]
    read = dataclasses.replace(config.input.read, keep_fields=tuple(map(str, typed)))
    return dataclasses.replace(config, input=dataclasses.replace(config.input, read=read))


def _stored_fields(folder: str) -> tuple[KeptField, ...]:
    """Return the kept fields of an earlier call; none if it cannot be read: that is told later."""
    try:
        run = run_file.load_run(folder)
        return parse_fields(run.configuration.get(_FLAG) or ()) if run else ()
    except (AttributeError, OSError, TypeError, ValueError):
        return ()
