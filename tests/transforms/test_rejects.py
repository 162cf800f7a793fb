import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms import documents
from transforms.rejects import MAX_DETAIL, Reason, detail, reject, reject_lines

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
rows = st.lists(st.tuples(texts, st.sampled_from([None, *Reason]), texts), max_size=8)


def batch_of(entries: list[tuple[str, Reason | None, str]]) -> pa.RecordBatch:
    return documents.documents_batch(
        ids=[id_ for id_, _, _ in entries],
        positions=[number * 10 for number in range(len(entries))],
        text=["" if reason else "sound" for _, reason, _ in entries],
        reasons=[reason and reason.value for _, reason, _ in entries],
        details=[text if reason else None for _, reason, text in entries],
        fields={"colour": ["red"] * len(entries)},
    )


def test_a_reject_line_says_which_where_and_why() -> None:
    batch = batch_of([("ök", None, ""), ("b", Reason.TOO_LARGE, "over 5 bytes")])
    (line,) = reject_lines(batch, "dir/é.txt")
    assert line == (
        '{"id": "b", "source": "dir/é.txt", "position": 10, '
        '"reason": "too_large", "detail": "over 5 bytes"}'
    )


def test_a_rejected_row_keeps_its_first_reason() -> None:
    part = batch_of([("a", None, ""), ("b", Reason.EMPTY, "blank"), ("c", None, "")])
    part = part.replace_schema_metadata({b"kept": b"yes"})
    assert reject(part, np.zeros(3, bool), Reason.TOO_LARGE, "no") is part
    after = reject(part, np.array([False, True, True]), Reason.TOO_LARGE, "too\nmuch")
    assert after.schema == part.schema
    assert after.schema.metadata == {b"kept": b"yes"}
    assert after.column("reason").to_pylist() == [None, "empty", "too_large"]
    assert after.column("detail").to_pylist() == [None, "blank", "too much"]


@settings(deadline=None, max_examples=80)
@given(rows)
def test_every_rejected_row_leaves_one_line_in_order(
    entries: list[tuple[str, Reason | None, str]],
) -> None:
    lines = list(reject_lines(batch_of(entries), "a.txt"))
    expected = [
        {"id": id_, "source": "a.txt", "position": n * 10, "reason": r.value, "detail": text}
        for n, (id_, r, text) in enumerate(entries)
        if r is not None
    ]
    assert [json.loads(line) for line in lines] == expected
    assert not any("\n" in line or "\r" in line for line in lines)


@settings(deadline=None, max_examples=80)
@given(st.text(max_size=2 * MAX_DETAIL))
def test_a_detail_keeps_what_prints_and_blanks_the_rest(text: str) -> None:
    made = detail(text)
    assert len(made) == min(len(text), MAX_DETAIL)
    for char, kept in zip(text, made, strict=False):
        assert kept == (char if char.isprintable() else " ")
    assert made.encode().decode() == made


@pytest.mark.parametrize(
    ("given_", "made"),
    [(ValueError("no\tgood"), "no good"), (7, "7"), ("\ud800\x1b", "  "), ("", "")],
)
def test_a_detail_is_made_of_anything(given_: object, made: str) -> None:
    assert detail(given_) == made


def test_reasons_are_the_words_that_rejected_files_hold() -> None:
    assert [reason.value for reason in Reason] == [
        *("empty", "not_utf8", "bad_json", "bad_csv", "bad_example", "not_an_object"),
        *("missing_field", "wrong_type", "too_large", "unreadable", "model_failed"),
    ]
