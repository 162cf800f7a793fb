import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.parts import make_part
from tests.transforms.rows.test_cutter import SPACE, cutter, texts
from tests.transforms.wordpiece.rule_sets import UNCASED, every_rules
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.documents import PLACES
from transforms.rows.cutter import CutConfig, Cutter
from transforms.rows.repeated_rows import cut_middles, split_texts
from transforms.rows.row_config import CUTS
from transforms.templates.composing import compose
from transforms.templates.cut_fields import CutFields
from transforms.templates.text_template import TextTemplate

TEMPLATE = TextTemplate(("title", "text", "more", "end"), ("T: ", "\n", "", "\t— ", ""))
CUT = CutFields(1, 3)


def make(rows: list[tuple[str, str, str, str]]) -> pa.RecordBatch:
    columns = [pa.array(column, pa.large_string()) for column in zip(*rows, strict=True)]
    text, places = compose(TEMPLATE, columns, np.ones(len(rows), bool))
    part = make_part(text.to_pylist())
    return part.append_column(PLACES, places.to_column())


def wider(cutter: Cutter, size: int) -> Cutter:
    config = cutter.config
    return Cutter(
        CutConfig(config.vocabulary, config.rules, size, config.stride, config.cut),
        cutter.tokenizer,
    )


@pytest.mark.slow
@every_rules
@settings(max_examples=12)
@given(
    st.tuples(texts.map(lambda text: text[:12]), texts, texts, st.sampled_from(["", "the end"])),
    st.integers(16, 40),
    st.sampled_from(CUTS),
    st.sampled_from([0, 3]),
)
def test_windows_have_what_repeats_and_cover_the_rest(
    rules: WordpieceRules, row: tuple[str, str, str, str], size: int, cut: str, stride: int
) -> None:
    made = wider(cutter(rules, cut, stride), size)
    part = make([row])
    pieces = [column[0].as_py() for column in split_texts(part, CUT)]
    head, middle, tail = pieces
    assert head + middle + tail == part["text"][0].as_py()
    assert middle == (row[1] + row[2]).encode()
    rows = cut_middles(part, made, CUT)
    if rows["reason"][0].as_py() is not None:
        counts = [made.tokenizer([piece]).counts[0] for piece in pieces]
        assert sum(counts) > size
        assert size - counts[0] - counts[2] < made.config.least
        return
    covered = bytearray(middle)
    for window in rows.to_pylist():
        begin, end = window["fields.window_start"], window["fields.window_end"]
        assert window["text"] == head + middle[begin:end] + tail
        check_wordpieces(made, [head, middle[begin:end], tail], window["text"], size)
        covered[begin:end] = b" " * (end - begin)
    assert not bytes(covered).strip(SPACE), "bytes are in no window"


def check_wordpieces(cutter: Cutter, pieces: list[bytes], whole: bytes, size: int) -> None:
    """Check that a window fits, and that its wordpieces are those of its pieces."""
    lengths = np.cumsum([0, *map(len, pieces)])
    apart = cutter.tokenizer(pieces)
    begins = np.repeat(lengths[:-1], apart.counts)
    together = cutter.tokenizer([whole])
    assert together.counts[0] <= size
    np.testing.assert_array_equal(together.starts, apart.starts + begins)
    np.testing.assert_array_equal(together.ends, apart.ends + begins)


def test_a_head_that_leaves_too_little_rejects_the_document() -> None:
    made = wider(cutter(UNCASED), 16)
    rows = cut_middles(
        make([("the " * 12, "the cat " * 9, "", ""), ("the " * 12, "", "", "")]), made, CUT
    )
    assert rows["reason"].to_pylist() == ["too_large", None]
    assert rows["detail"][0].as_py().startswith("repeated texts leave less than 8 of 16 wordpieces")
    assert rows["id"].to_pylist() == ["doc-0", "doc-1#0"]


def test_a_document_whose_fields_have_no_wordpieces_is_one_row() -> None:
    rows = cut_middles(make([("\u200b", "\u200b", "", "")]), wider(cutter(UNCASED), 16), CUT)
    assert rows["id"].to_pylist() == ["doc-0#0"]
