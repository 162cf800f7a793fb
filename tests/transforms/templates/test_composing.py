import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.templates.test_text_template import templates
from transforms.templates.composing import compose
from transforms.templates.text_template import TextTemplate


@given(templates(), st.data())
def test_texts_are_those_of_each_document_by_itself(
    template: TextTemplate, data: st.DataObject
) -> None:
    values = st.tuples(*[st.text(max_size=6)] * len(template.names))
    rows = data.draw(st.lists(st.tuples(values, st.booleans()), max_size=5))
    valid = np.array([is_valid for _, is_valid in rows], bool)
    columns = [
        pa.array([row[place] for row, _ in rows], pa.large_string())
        for place in range(len(template.names))
    ]
    text, places = compose(template, columns, valid)
    for number, (row, is_valid) in enumerate(rows):
        whole = text[number].as_py().encode()
        if not is_valid:
            assert (whole, places.begins[number].any(), places.ends[number].any()) == (b"", 0, 0)
            continue
        pairs = zip(row, template.literals[1:], strict=True)
        expected = template.literals[0] + "".join(value + literal for value, literal in pairs)
        assert whole == expected.encode()
        for value, begin, end in zip(row, places.begins[number], places.ends[number], strict=True):
            assert whole[begin:end] == value.encode()
    assert not places.skipped.any()
