"""Steps between the value of a flag and its value in the configuration.

Each takes the value, and the values of all flags where others decide it. Importing this is cheap.
"""

from pipeline.options.flag_row import Settings
from transforms.bert.compute import (
    AUTO,
    default_length_group,
    default_tokens_per_batch,
    default_xla_buckets,
    fastest,
)
from transforms.features import split_features, split_fields, widths_of_tokens
from transforms.sources.dialect import SPELLED_TAB, character_of
from transforms.templates.text_template import parse_template

_PART_BYTES_WITH_TOKENS = 256 << 10
_PART_BYTES = 1 << 20


def words(value: list[str], _: Settings) -> tuple[str, ...]:
    """Return several words as a tuple."""
    return tuple(value)


def names(value: str, _: Settings) -> tuple[str, ...]:
    """Return the names between commas."""
    return tuple(name.strip() for name in value.split(",") if name.strip())


def kept_fields(value: str, _: Settings) -> tuple[str, ...]:
    """Return the fields between commas, each with its type; see `features.split_fields`."""
    return split_fields(value)


def features(value: str, _: Settings) -> tuple[str, ...]:
    """Return the features between commas; those in `layers:-1,-2` separate numbers."""
    return split_features(value)


def without_slash(path: str) -> str:
    """Return the name of a folder without a slash at the end."""
    return path.rstrip("/") or "/"


def folder(value: str, _: Settings) -> str:
    """Return the name of the output folder without a slash at the end.

    Raises:
        ValueError: the name is empty.
    """
    if not value:
        raise ValueError("--output is empty; name a folder")
    return without_slash(value)


def other_folder(value: str | None, _: Settings) -> str | None:
    """Return the name of another output folder without a slash at the end; None if not given.

    Raises:
        ValueError: the name is empty.
    """
    if value == "":
        raise ValueError("--reuse is empty; name a folder, or leave it out")
    return None if value is None else without_slash(value)


def encoding(value: str, _: Settings) -> str:
    """Return Python's name of an encoding.

    Raises:
        ValueError: there is no such encoding of text.
    """
    from transforms.io.transcoding import check_encoding

    return check_encoding(value)


def character(value: str | None, _: Settings) -> str | None:
    """Return a character, a tab as a shell takes it."""
    char = character_of(value)
    return SPELLED_TAB if char == "\t" else char


def template(value: str | None, _: Settings) -> str | None:
    """Return a template as it is spelled in one line.

    Raises:
        ValueError: it is malformed.
    """
    return None if value is None else str(parse_template(value))


def part_bytes(value: int | None, settings: Settings) -> int:
    """Return the text bytes of a part; parts with features of tokens are smaller by default."""
    if value is not None:
        return value
    wide = widths_of_tokens(split_features(settings["features"]))
    return _PART_BYTES_WITH_TOKENS if wide else _PART_BYTES


def engine(value: str, _: Settings) -> str:
    """Return the engine; the fastest of this machine for `auto`."""
    return fastest() if value == AUTO else value


def xla_buckets(value: int | None, settings: Settings) -> int:
    """Return the number of widths that XLA compiles; the engine decides the default."""
    return default_xla_buckets(engine(settings["engine"], settings)) if value is None else value


def tokens_per_batch(value: int | None, settings: Settings) -> int:
    """Return the positions of a batch; the engine decides the default."""
    return (
        default_tokens_per_batch(engine(settings["engine"], settings)) if value is None else value
    )


def length_group(value: int | None, settings: Settings) -> int:
    """Return the number of lengths in a batch; the engine decides the default."""
    return default_length_group(engine(settings["engine"], settings)) if value is None else value
