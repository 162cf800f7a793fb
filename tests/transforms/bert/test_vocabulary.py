import pytest

from transforms.bert.vocabulary import Vocabulary

SPECIAL = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n"


def test_ids_are_line_numbers_whatever_a_line_holds() -> None:
    vocabulary = Vocabulary.from_bytes(f"{SPECIAL}a\u2028b\n\u2028\nc\n".encode())
    assert vocabulary.tokens[4:] == ("a\u2028b", "\u2028", "c")
    assert (vocabulary.pad_id, vocabulary.unknown_id) == (0, 1)
    assert (vocabulary.cls_id, vocabulary.sep_id) == (2, 3)


def test_windows_line_ends_and_a_missing_last_one_are_fine() -> None:
    windows = Vocabulary.from_bytes(f"{SPECIAL}a".replace("\n", "\r\n").encode())
    assert windows.tokens == Vocabulary.from_bytes(f"{SPECIAL}a\n".encode()).tokens
    assert windows.sha256 != Vocabulary.from_bytes(f"{SPECIAL}a\n".encode()).sha256


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"{SPECIAL}twice\ntwice\n".encode(), "has 'twice' twice"),
        (b"[PAD]\n[UNK]\n[CLS]\na\n", r"has no \[SEP\]"),
        (b"\xff\xfe", "is not UTF-8"),
    ],
)
def test_what_is_no_vocabulary_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Vocabulary.from_bytes(content)


def test_the_placeholder_begins_no_wordpiece() -> None:
    assert Vocabulary.from_bytes(SPECIAL.encode()).unused_character() == "\ue000"
    taken = f"{SPECIAL}\ue000\n\ue001x\n".encode()
    assert Vocabulary.from_bytes(taken).unused_character() == "\ue002"
