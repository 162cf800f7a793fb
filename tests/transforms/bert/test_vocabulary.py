import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.bert.vocabulary import Vocabulary

SPECIAL = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n"


def test_ids_are_line_numbers() -> None:
    vocabulary = Vocabulary.from_bytes(f"{SPECIAL}a\u2028b\n\u2028\nc\n".encode())
    assert vocabulary.tokens[4:] == ("a\u2028b", "\u2028", "c")
    assert (vocabulary.pad_id, vocabulary.unknown_id) == (0, 1)
    assert (vocabulary.cls_id, vocabulary.sep_id) == (2, 3)


def test_windows_line_ends_and_a_missing_last_line_end_are_accepted() -> None:
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
def test_an_invalid_vocabulary_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Vocabulary.from_bytes(content)


wordpieces = st.lists(
    st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=4)
    .filter(lambda token: not token.endswith("\r"))
    .filter(lambda token: token not in SPECIAL.split()),
    unique=True,
    max_size=12,
)


@settings(deadline=None, max_examples=80)
@given(wordpieces, st.sampled_from(["\n", "\r\n"]))
def test_wordpieces_are_read_in_their_order(tokens: list[str], end: str) -> None:
    expected = (*tokens, *SPECIAL.split())
    content = "".join(token + end for token in expected).encode()
    vocabulary = Vocabulary.from_bytes(content)
    assert vocabulary.tokens == expected
    assert vocabulary.sep_id == len(expected) - 1


@pytest.mark.parametrize("missing", ["[UNK]", "[CLS]", "[SEP]", "[PAD]"])
def test_a_missing_special_token_is_named(missing: str) -> None:
    content = SPECIAL.replace(missing, missing.lower()).encode()
    with pytest.raises(ValueError, match=rf"has no \[{missing[1:-1]}\]: it is not a BERT"):
        Vocabulary.from_bytes(content)
