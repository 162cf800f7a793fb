"""Which files have no fields, where a flag names one."""

import functools

from pipeline.options.embed_config import InputConfig
from pipeline.options.flags import AUTO_FORMAT
from transforms.sources import base, path_keys
from transforms.sources.base import ReadConfig


def setting_without(format_: str, path: str, config: InputConfig) -> str:
    """Return a setting that names a field which a file does not have; empty if there is none.

    Where the format is given, it is that of all files. A pair separator asks for plain text.
    """
    read = config.read
    if config.format != AUTO_FORMAT or read.pair_separator or _has_fields(format_):
        return ""
    if read.text_field != ReadConfig.text_field:
        return "text_field"
    # Every format keeps the keys in a path.
    kept = [field for field in read.kept if field.name not in path_keys.keys_of(path)]
    settings = {"id_field": read.id_field, "keep_fields": kept, "text_b_field": read.text_b_field}
    return next((name for name, value in settings.items() if value), "")


@functools.cache
def _has_fields(format_: str) -> bool:
    """Whether the documents of a format are records with fields."""
    try:
        base.find(format_).check(ReadConfig(id_field="id"))
    except ValueError:
        return False
    return True
