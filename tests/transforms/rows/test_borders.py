import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.rows.borders import (
    character_borders,
    paragraph_borders,
    sentence_borders,
    word_borders,
)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? 4.5 is a number.", ["One. ", "Two! ", "Three? ", "4.5 is a number."]),
        ("你好。再见！", ["你好。", "再见！"]),
        ("مرحبا. كيف حالك؟ شكرا.", ["مرحبا. ", "كيف حالك؟ ", "شكرا."]),
        ("नमस्ते। कैसे हो?", ["नमस्ते। ", "कैसे हो?"]),
        ("𝒳 is? 𝒴.", ["𝒳 is? ", "𝒴."]),
        ("a title\nand a text", ["a title\n", "and a text"]),
        ("", []),
    ],
)
def test_sentences_of_many_scripts(text: str, sentences: list[str]) -> None:
    content = text.encode()
    ends = [*sentence_borders(content).tolist(), len(content)]
    begins = [0, *ends[:-1]]
    found = [content[a:b].decode() for a, b in zip(begins, ends, strict=True) if b]
    assert found == sentences


@settings(max_examples=30)
@given(st.text(max_size=40))
def test_borders_are_within_a_text_and_between_characters(text: str) -> None:
    content = text.encode("utf-8", "ignore")
    for border in [*sentence_borders(content), *paragraph_borders(content)]:
        assert 0 < border <= len(content)
        assert content[:border].decode().encode() + content[border:] == content


@given(st.lists(st.sampled_from(["a", "b c", "\n", "\r\n", "\r", " "]), max_size=12))
def test_paragraphs_begin_after_blank_lines(pieces: list[str]) -> None:
    text = "".join(pieces)
    lines = text.splitlines(keepends=True)
    is_blank = [not line.strip() and line[-1:] in "\r\n" for line in lines]
    begins = [
        sum(map(len, lines[:number]))
        for number in range(2, len(lines) + 1)
        if is_blank[number - 1] and not [*is_blank, False][number]
    ]
    assert paragraph_borders(text.encode()).tolist() == begins


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("a\r\nb", []),
        ("a\r\n\r\nb", [5]),
        ("a\n\n\tb", [3]),
        ("a\n \t\nb", [5]),
        ("a\u2029b", [4]),
    ],
)
def test_paragraphs(text: str, begins: list[int]) -> None:
    assert paragraph_borders(text.encode()).tolist() == begins


def test_words_without_spaces_come_from_a_dictionary() -> None:
    thai = ["ภาษา", "ไทย", "เป็น", "ภาษา"]
    ends = [sum(map(len, thai[:count])) for count in range(1, len(thai))]
    assert word_borders("".join(thai)) == ends


def test_marks_belong_to_the_character_before_them() -> None:
    assert character_borders("n\u0303o\u200d\ufe0fx") == [2, 5]
    assert character_borders("👩\u200d🚀!") == [3]
