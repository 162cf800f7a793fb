import numpy as np
import pyarrow as pa
import pytest

from tests.conftest import TINY_VOCABULARY
from tests.transforms.parts import UNCASED, make_part
from transforms.bert.vocabulary import Vocabulary
from transforms.documents import begins_document, header_of
from transforms.embedding.part_embeddings import count_documents
from transforms.rows.cutter import CutConfig
from transforms.rows.text_rows import TextRows

CUT = CutConfig(Vocabulary(TINY_VOCABULARY, ""), UNCASED, size=10)
PLACE = ["id", "window", "fields.num_windows", "fields.window_start", "fields.window_end"]


def column(part: pa.RecordBatch, name: str) -> list:
    values: list = part.column(name).to_pylist()
    return values


def test_windows_are_rows_with_the_fields_of_their_document() -> None:
    part = make_part(["the cat", "the dog ran " * 5, None, " \u200b"])
    rows = TextRows(cut=CUT, keep_text=True).make(part)
    assert [tuple(row.values()) for row in rows.select(PLACE).to_pylist()] == [
        ("doc-0#0", 0, 1, 0, 7),
        ("doc-1#0", 0, 2, 0, 39),
        ("doc-1#1", 1, 2, 40, 59),
        ("doc-2", None, None, None, None),
        ("doc-3", None, None, None, None),
    ]
    assert column(rows, "fields.document_id") == [f"doc-{n}" for n in (0, 1, 1, 2, 3)]
    assert column(rows, "position") == [0, 1, 1, 2, 3]
    assert column(rows, "fields.colour") == [None, "c1", "c1", None, "c3"]
    text = "the dog ran " * 3 + "the"
    assert column(rows, "text")[1:3] == [text.encode(), b"dog ran the dog ran"]
    assert column(rows, "fields.text")[1] == text
    assert header_of(rows) == header_of(part)
    assert begins_document(rows).tolist() == [True, True, False, True, True]
    counts = {"documents": 4, "rows": 5, "embedded": 4, "rejected": 1}
    assert count_documents(rows) == counts


def test_documents_are_the_rows_without_windows() -> None:
    part = make_part(["the cat", None])
    assert TextRows().make(part) is part
    kept = TextRows(keep_text=True).make(part)
    assert column(kept, "fields.text") == ["the cat", ""]
    assert count_documents(kept) == {"documents": 2, "embedded": 1, "rejected": 1}


def test_of_a_pair_the_second_text_is_cut_and_the_first_one_repeats() -> None:
    first = ["the cat", "the cat", "the", "the " * 9, "the " * 10, "the " * 12, "\u200b"]
    second = ["a dog ran " * 4, "a dog", "", "a", "", "", "a dog " * 9]
    rows = TextRows(("text", "text_b"), CutConfig(CUT.vocabulary, UNCASED, 11)).make(
        make_part(first, seconds=second)
    )
    # Of 11 wordpieces the first text takes 2, and the second [SEP] one.
    assert column(rows, "id")[:2] == ["doc-0#0", "doc-0#1"]
    assert column(rows, "text")[:2] == [b"the cat"] * 2
    assert column(rows, "text_b")[:2] == [b"a dog ran a dog ran a dog", b"ran a dog ran"]
    assert column(rows, "id")[2:] == [*(f"doc-{n}#0" for n in range(1, 5)), "doc-5", "doc-6"]
    assert column(rows, "reason")[2:] == [None] * 4 + ["too_large", None]
    assert column(rows, "detail")[-2] == (
        "repeated texts leave less than 8 of 11 wordpieces to a window"
    )


def test_documents_of_a_slice_are_cut() -> None:
    part = make_part(["x", "the dog ran " * 5, "the cat"])
    rows = TextRows(cut=CUT).make(part.slice(1, 2))
    assert column(rows, "id") == ["doc-1#0", "doc-1#1", "doc-2#0"]
    assert np.unique([len(text) > 0 for text in column(rows, "text")]).tolist() == [True]


def test_windows_have_some_wordpieces() -> None:
    with pytest.raises(ValueError, match="`max_seq_length` leaves 7 wordpieces to a window"):
        CutConfig(CUT.vocabulary, UNCASED, 7)
