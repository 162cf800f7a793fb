"""Leave out the files of folders and globs that have no records, where flags name fields."""

from pipeline.errors import UsageError
from pipeline.inputs.entries import LeftOut, Why
from pipeline.inputs.listing import Listed, Listing
from pipeline.inputs.needed_fields import setting_without
from pipeline.options.embed_config import InputConfig
from transforms import escaping
from transforms.sources import base, path_keys
from transforms.sources.base import ReadConfig


def keep_records(listing: Listing, config: InputConfig) -> Listing:
    """Leave out files without fields, such as a README, if a flag names a field.

    A file that the input names itself is read. Where the format is given, it is that of all files.
    A pair separator asks for plain text.

    Raises:
        UsageError: no file has fields.
    """
    needed = [_needed_of(one, config) for one in listing.files]
    if needed and all(needed):
        raise UsageError(_refusal(listing.files[0], needed[0], config.read))
    plain = [
        bool(name) and one.source.path not in config.globs
        for one, name in zip(listing.files, needed, strict=True)
    ]
    files = [one for one, is_plain in zip(listing.files, plain, strict=True) if not is_plain]
    left_out = [
        LeftOut(one.source.path, _why(name))
        for one, name, is_plain in zip(listing.files, needed, plain, strict=True)
        if is_plain
    ]
    return Listing(files, [*listing.left_out, *left_out])


def _why(setting: str) -> Why:
    reason = f"without records, which --{setting} needs"
    return Why(f"a file {reason}", f"files {reason}")


def _needed_of(listed: Listed, config: InputConfig) -> str:
    source = listed.source
    return "" if listed.unread else setting_without(source.format, source.path, config)


def _refusal(listed: Listed, setting: str, config: ReadConfig) -> str:
    format_ = listed.source.format
    reason = f"`{setting}` needs records with fields; {format_} has none: leave it out"
    try:
        base.find(format_).check(config)
    except ValueError as error:
        reason = str(error)
    keys = path_keys.keys_of(listed.source.path)
    hint = f"; its path has {', '.join(keys)}" if keys and setting == "keep_fields" else ""
    return f"--input {escaping.one_line(listed.source.path)}: {reason}{escaping.one_line(hint)}"
