import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.templates.test_text_template import templates
from transforms.templates.composing import compose
from transforms.templates.field_places import FieldPlaces
from transforms.templates.text_template import TextTemplate
from transforms.templates.token_fields import NO_FIELD, locate

TEXT = st.text(st.sampled_from("ab é"), max_size=4)


@given(templates(), st.data())
def test_offsets_count_in_the_field_of_each_token(
    template: TextTemplate, data: st.DataObject
) -> None:
    rows = data.draw(st.lists(st.tuples(*[TEXT] * len(template.names)), min_size=1, max_size=3))
    columns = [pa.array(column, pa.large_string()) for column in zip(*rows, strict=True)]
    text, places = compose(template, columns, np.ones(len(rows), bool))
    # A token for each byte, and one between brackets.
    whole = [one.encode() for one in text.to_pylist()]
    of_rows = np.repeat(np.arange(len(rows)), [len(one) + 1 for one in whole])
    offsets = np.array([(n, n + 1) for one in whole for n in range(-1, len(one))])
    offsets[offsets[:, 0] < 0] = 0
    found = locate(offsets, np.zeros(len(offsets), np.int64), of_rows, places)
    tokens = zip(of_rows, offsets, found.fields, found.offsets, strict=True)
    seen = {(row, number): b"" for row in range(len(rows)) for number in range(len(rows[0]))}
    for row, (begin, end), number, (first, last) in tokens:
        if number == NO_FIELD:
            assert (first, last) == (0, 0)
            continue
        value = rows[row][number].encode()
        assert value[first:last] == whole[row][begin:end]
        seen[row, number] += value[first:last]
    # Each byte of each field is that of one token.
    assert seen == {
        (row, n): one.encode() for row, all_ in enumerate(rows) for n, one in enumerate(all_)
    }


def places(*ranges: tuple[int, int, int]) -> FieldPlaces:
    return FieldPlaces(*np.array([ranges]).transpose(2, 0, 1))


def test_a_token_of_two_fields_belongs_to_the_first() -> None:
    tokens = np.array([[0, 0], [0, 4], [4, 6]])
    zeros = np.zeros(3, np.int64)
    found = locate(tokens, zeros, zeros, places((1, 3, 0), (3, 6, 0)))
    assert found.fields.tolist() == [NO_FIELD, 0, 1]
    assert found.offsets.tolist() == [[0, 0], [0, 2], [1, 3]]


def test_tokens_of_a_window_count_in_the_whole_value() -> None:
    tokens, zeros = np.array([[2, 5]]), np.zeros(1, np.int64)
    found = locate(tokens, zeros, zeros, places((2, 5, 40)))
    assert found.offsets.tolist() == [[40, 43]]


def test_the_second_text_is_the_field_after_those_of_the_template() -> None:
    tokens = np.array([[0, 2], [0, 0], [0, 2], [0, 0]])
    segments, rows = np.array([0, 0, 1, 1]), np.zeros(4, np.int64)
    found = locate(tokens, segments, rows, places((0, 2, 0)))
    assert found.fields.tolist() == [0, NO_FIELD, 1, NO_FIELD]
    assert found.offsets.tolist() == tokens.tolist()
