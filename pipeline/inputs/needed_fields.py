"""Which files are no documents where a flag names a field: a README, a LICENSE.

A file whose name says that it is lines of text is part of the corpus, whatever the flags name. Text
that only its content shows to be text, or whose name is that of a page about a project, is not.
"""

import functools
import os
import re

from pipeline.options.embed_config import InputConfig
from pipeline.options.flags import AUTO_FORMAT
from transforms.sources import base, detecting, path_keys
from transforms.sources.base import ReadConfig

_ABOUT_A_PROJECT = re.compile(
    r"(readme|licen[cs]e|copying|notice|authors|contributors|changes|changelog|citation|install)\b",
    re.IGNORECASE,
)


def setting_without(format_: str, path: str, config: InputConfig) -> str:
    """Return a setting that names a field, if a file is no part of the corpus for it; else "".

    Where the format is given, it is that of all files. A pair separator asks for plain text.

    Args:
        format_: the format of the file.
        path: its path.
        config: the settings.
    """
    read = config.read
    if config.format != AUTO_FORMAT or read.pair_separator or _has_fields(format_):
        return ""
    if read.template is not None or read.text_field != ReadConfig.text_field:
        setting = read.fields[0][0]
    else:
        # Every format keeps the keys in a path.
        kept = [field for field in read.kept if field.name not in path_keys.keys_of(path)]
        of_fields = {"id_field": read.id_field, "keep_fields": kept}
        of_fields["text_b_field"] = read.text_b_field
        setting = next((name for name, value in of_fields.items() if value), "")
    return "" if not setting or is_corpus_by_name(path) else setting


def is_corpus_by_name(path: str) -> bool:
    """Return whether a file's name says that it is text of a corpus.

    >>> [is_corpus_by_name(path) for path in ("a/lines.txt.gz", "a/README.txt", "a/LICENSE")]
    [True, False, False]
    """
    is_about = _ABOUT_A_PROJECT.match(os.path.basename(path))
    return detecting.by_name(path)[0] is not None and not is_about


@functools.cache
def _has_fields(format_: str) -> bool:
    """Whether the documents of a format are records with fields."""
    try:
        base.find(format_).check(ReadConfig(id_field="id"))
    except ValueError:
        return False
    return True
