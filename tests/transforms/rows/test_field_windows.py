import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from transforms.documents import PLACES, TEXT
from transforms.rows.field_windows import add_field_places
from transforms.templates.composing import compose
from transforms.templates.cut_fields import CutFields
from transforms.templates.field_places import places_of
from transforms.templates.text_template import TextTemplate

NAMES = ("a", "b", "c", "d")
TEXTS = st.text(st.sampled_from("xyz é"), max_size=5)


@st.composite
def cuts(draw: st.DrawFn) -> CutFields | None:
    first = draw(st.integers(0, 3))
    return draw(st.none() | st.builds(CutFields, st.just(first), st.integers(first + 1, 4)))


@given(
    cuts(),
    st.lists(TEXTS, min_size=5, max_size=5),
    st.lists(TEXTS, min_size=4, max_size=4),
    st.data(),
)
def test_places_are_those_in_the_text_of_the_window(
    cut: CutFields | None, literals: list[str], values: list[str], data: st.DataObject
) -> None:
    columns = [pa.array([value], pa.large_string()) for value in values]
    text, places = compose(TextTemplate(NAMES, tuple(literals)), columns, np.ones(1, bool))
    whole = text[0].as_py().encode()
    head, middle, tail = b"", whole, b""
    if cut is not None:
        first, last = places.begins[0, cut.first], places.ends[0, cut.end - 1]
        head, middle, tail = whole[:first], whole[first:last], whole[last:]
    start = data.draw(st.integers(0, len(middle)))
    end = data.draw(st.integers(start, len(middle)))
    row = head + middle[start:end] + tail
    rows = pa.record_batch(
        {
            TEXT: pa.array([row], pa.large_binary()),
            PLACES: places.to_column(),
            "fields.window_start": pa.array([start]),
            "fields.window_end": pa.array([end]),
        }
    )
    made = add_field_places(rows, NAMES, cut, is_pair=False)
    found = places_of(made)
    covered = 0
    for number, value in enumerate(one.encode() for one in values):
        begin, last, skipped = (column[0, number] for column in found)
        part = row[begin:last]
        covered += len(part)
        first, behind = (
            made[f"fields.{NAMES[number]}_{end}"][0].as_py() for end in ("start", "end")
        )
        assert part == value[skipped : skipped + len(part)]
        assert (first, behind) == ((skipped, skipped + len(part)) if part else (None, None))
    # Every byte of the row that is not of a literal is of a field.
    of_literals = compose(
        TextTemplate(NAMES, tuple(literals)),
        [pa.array([""], pa.large_string())] * 4,
        np.ones(1, bool),
    )
    assert len(row) - covered <= len(of_literals.text[0].as_py().encode())


def test_rejected_documents_and_fields_outside_have_no_place() -> None:
    columns = [pa.array([value, ""], pa.large_string()) for value in ("one", "two")]
    template = TextTemplate(("a", "b"), ("", " ", ""))
    text, places = compose(template, columns, np.array([True, False]))
    rows = pa.record_batch(
        {
            TEXT: text.cast(pa.large_binary()),
            PLACES: places.to_column(),
            "fields.window_start": pa.array([1, None], pa.int64()),
            "fields.window_end": pa.array([3, None], pa.int64()),
        }
    )
    made = add_field_places(rows, ("a", "b"), None, is_pair=False)
    found = {name: made[f"fields.{name}"].to_pylist() for name in ("a_start", "a_end", "b_start")}
    assert found == {"a_start": [1, None], "a_end": [3, None], "b_start": [None, None]}


def test_the_composed_text_of_a_pair_is_whole_in_each_window() -> None:
    columns = [pa.array([value] * 2, pa.large_string()) for value in ("one", "two")]
    template = TextTemplate(("a", "b"), ("", " ", ""))
    text, places = compose(template, columns, np.ones(2, bool))
    rows = pa.record_batch(
        {
            TEXT: text.cast(pa.large_binary()),
            PLACES: places.to_column(),
            "fields.window_start": pa.array([0, 40]),
            "fields.window_end": pa.array([40, 60]),
        }
    )
    made = add_field_places(rows, ("a", "b"), None, is_pair=True)
    assert made["fields.b_start"].to_pylist() == [0, 0]
    assert made["fields.b_end"].to_pylist() == [3, 3]
    assert places_of(made).begins.tolist() == [[0, 4]] * 2
