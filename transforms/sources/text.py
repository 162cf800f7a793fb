"""Plain text: each line is a document."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import documents, rejects
from transforms.documents import Source, Split
from transforms.fields.utf8_columns import decode_utf8
from transforms.rejects import Reason
from transforms.sources import encodings, lines, path_keys
from transforms.sources.base import Format, Opener, ReadConfig, ReadPart

NAME = "text"
_BYTE_ORDER_MARK = "\ufeff"


class TextFormat(Format):
    """UTF-8, one document a line, LF or CRLF; ids are `path:first byte of the line`."""

    endings = (".txt", ".text")
    is_text = True
    can_start_anywhere = True

    def cut(self, source: Source, _: Opener, config: ReadConfig) -> list[Split]:
        """Cut by byte ranges; see `lines.cut_by_bytes`."""
        return lines.cut_by_bytes(source, config.part_bytes)

    def check(self, config: ReadConfig) -> None:
        """Refuse fields, because a line has none."""
        if config.text_b_field and not config.pair_separator:
            raise ValueError("`text_b_field` needs records; for plain text give `pair_separator`")
        for name in ("text_template", "id_field", "keep_fields"):
            if not getattr(config, name):
                continue
            raise ValueError(
                f"`{name}` needs records with fields; plain text has none: leave it out"
            )

    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Read the parts of a split."""
        blocks = lines.read_blocks(split, stream, config.part_bytes, config.max_document_bytes)
        for block in blocks:
            batch = parse(block, split.source.path, config)
            yield ReadPart(block.start, block.end, block.at_end, batch)


def parse(block: lines.LineBlock, path: str | Sequence[str], config: ReadConfig) -> pa.RecordBatch:
    """Turn a block of lines into documents, one row for every line, rejected or not.

    Args:
        block: the lines.
        path: their file, or the file of each, if they keep no keys of paths.
        config: how they become documents.
    """
    text, valid = decode_utf8(block.lines)
    text = pc.utf8_rtrim(text, characters="\r\n")
    if len(text) and block.positions[0] == 0 and text[0].as_py().startswith(_BYTE_ORDER_MARK):
        text = pa.concat_arrays([pc.utf8_slice_codeunits(text[:1], start=1), text[1:]])
    text, text_b = split_pairs(text, config.pair_separator)
    empty = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(text)), 0)
    missing = "no text before the separator" if config.pair_separator else "no text"
    damage = f"the file is damaged from here on: {block.damage}"
    checks = [
        (block.unreadable, Reason.UNREADABLE, damage),
        (block.oversize, Reason.TOO_LARGE, f"over {config.max_document_bytes} bytes"),
        (_has_nul(block.lines), Reason.NOT_UTF8, encodings.describe_nul("the line")),
        (~valid, Reason.NOT_UTF8, encodings.describe_undecoded("the line", config.encoding)),
        (empty.to_numpy(zero_copy_only=False), Reason.EMPTY, f"the line has {missing}"),
    ]
    key_path = path if isinstance(path, str) else ""
    kept, problem = path_keys.columns(key_path, path_keys.in_path(key_path, config.kept), len(text))
    if problem:
        text = text_b = pa.array([""] * len(text), pa.large_string())
        checks.append((np.ones(len(text), bool), Reason.WRONG_TYPE, str(problem)))
    reasons, details = rejects.first_reasons(checks)
    return documents.documents_batch(
        ids=documents.record_ids(path, block.positions.tolist()),
        positions=block.positions,
        text=text,
        text_b=text_b if config.pairs else None,
        reasons=reasons,
        details=details,
        fields=kept,
    )


def _has_nul(raw: pa.LargeBinaryArray) -> np.ndarray:
    found: np.ndarray = pc.find_substring(raw, b"\0").to_numpy(zero_copy_only=False) >= 0
    return found


def split_pairs(
    text: pa.LargeStringArray, separator: str | None
) -> tuple[pa.LargeStringArray, pa.LargeStringArray]:
    """Split lines into first and second texts.

    A line is split at its last separator; a line without a separator is a first text only. White
    space at the ends of a line is no part of a separator that has other characters. So " ||| "
    splits the lines that google-research/bert `extract_features.py` splits, and no others.

    Returns:
        the first texts, and the second texts, which are empty for lines without a separator.
    """
    nothing = pa.array([""] * len(text), pa.large_string())
    if separator is None or not len(text):
        return text, nothing
    has_other_characters = not separator.isspace()
    if has_other_characters and separator[-1].isspace():
        text = pc.utf8_rtrim_whitespace(text)
    cut = pa.scalar(separator, pa.large_string())
    pieces = pc.split_pattern(text, separator, max_splits=1, reverse=True)
    is_pair = pc.equal(pc.list_value_length(pieces), 2)
    # Append a separator to lines without one, so that every line has a piece 1.
    padded = pc.if_else(is_pair, text, pc.binary_join_element_wise(text, nothing, cut))
    pieces = pc.split_pattern(padded, separator, max_splits=1, reverse=True)
    first, second = pc.list_element(pieces, 0), pc.list_element(pieces, 1)
    if not (has_other_characters and separator[0].isspace()):
        return first, second
    at_the_start = pc.equal(pc.binary_length(pc.utf8_ltrim_whitespace(first)), 0)
    return pc.if_else(at_the_start, text, first), pc.if_else(at_the_start, nothing, second)


FORMAT = TextFormat()
