import sys

import pyarrow as pa
import pytest

from transforms.templates.blank_texts import are_blank, is_blank


@pytest.mark.slow
def test_columns_are_blank_where_single_texts_are() -> None:
    characters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    column = pa.array(characters, pa.large_string())
    blank = [is_blank(char) for char in characters]
    # Newer versions of Unicode have further characters.
    differ = [
        char
        for char, one, other in zip(characters, blank, are_blank(column), strict=True)
        if one != other
    ]
    assert len(differ) < 64
    assert not any(char.isspace() or char.isalnum() for char in differ)
    assert all(is_blank(char) for char in characters if char.isspace())


def test_a_text_is_blank_if_all_its_characters_are() -> None:
    texts = ["", " \t\n", "\u200b\ufeff\x00", "a ", " é", "\u3000"]
    assert are_blank(pa.array(texts, pa.large_string())).tolist() == [True] * 3 + [False] * 2 + [
        True
    ]
    assert list(map(is_blank, texts)) == [True] * 3 + [False] * 2 + [True]
