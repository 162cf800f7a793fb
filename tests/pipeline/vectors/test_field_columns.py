import datetime

import pyarrow as pa
import pytest

from pipeline.vectors import field_columns


def test_lists_have_the_type_of_their_field() -> None:
    texts = pa.array([[b"2024-01-02", b"0001-01-01"], []], pa.large_list(pa.large_binary()))
    days = field_columns.listed_values(texts, pa.list_(pa.date32()))
    assert days.to_pylist() == [[datetime.date(2024, 1, 2), datetime.date(1, 1, 1)], []]
    part = field_columns.listed_values(texts.slice(1), pa.list_(pa.string()))
    assert part.to_pylist() == [[]]
    assert field_columns.list_type(pa.large_binary(), None) == pa.list_(pa.string())
    assert field_columns.list_type(pa.int64(), None) == pa.list_(pa.int64())


def test_several_values_are_no_single_value() -> None:
    lists = pa.array([[1], [2, 3]], pa.large_list(pa.int64()))
    with pytest.raises(ValueError, match="more than one value"):
        field_columns.single_values(lists, pa.int64())
