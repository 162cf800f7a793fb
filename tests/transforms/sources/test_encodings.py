import random

import pytest

from transforms.sources.encodings import encoding_of, problem_of

TEXTS = {
    "English": "Hello \u201cworld\u201d, it is 12 o'clock.\nA second line.\n" * 60,
    "Russian": "Привет, мир. Кошка сидит.\n12 предложений\n" * 60,
    "Chinese": "今天天气很好，我们去公园散步。一起走吧，最近怀念刀\n再见\n" * 60,
    "Japanese": "吾輩は猫である\u3000名前はまだない。\u3000どこで\n" * 60,
    "Hindi": "नमस्ते दुनिया, यह एक परीक्षण है।\n" * 60,
    "Korean": "안녕하세요 세계\n" * 60,
    "Arabic": "مرحبا بالعالم\r\n" * 60,
    "Greek": "Καλημέρα κόσμε\n" * 60,
    "Thai": "สวัสดีชาวโลก\n" * 60,
    "beyond 16 bits": "\U0001f600 ok\n" * 60,
    "a word": "word",
    "a letter": "a",
}
WITHOUT_MARK = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("name", TEXTS)
def test_every_script_shows_its_encoding_and_byte_order(name: str) -> None:
    text = TEXTS[name]
    for encoding in (*WITHOUT_MARK, "utf-16", "utf-32"):
        for length in (4096, 1001, 4):
            if length > 4 or len(text) < 5:
                assert encoding_of(text.encode(encoding)[:length]) == encoding
    assert encoding_of(text.encode()) is None
    assert encoding_of(text.encode("utf-8-sig")) is None
    assert problem_of(text.encode(), "utf-8") is None


@pytest.mark.parametrize("encoding", WITHOUT_MARK)
def test_another_encoding_or_byte_order_is_refused_with_the_remedy(encoding: str) -> None:
    for name, text in TEXTS.items():
        data = text.encode(encoding)
        for other in ("utf-8", "cp1252", encoding[:6], *WITHOUT_MARK):
            expected = (
                None if other == encoding else f"is in another encoding: `encoding` {encoding}"
            )
            assert problem_of(data, other) == expected, name


def test_the_byte_order_of_a_mark_counts() -> None:
    data = b"\xff\xfe" + "a line\n".encode("utf-16-le")
    assert problem_of(data, "utf-16-le") is None
    assert problem_of(data, "utf-16") is None
    assert problem_of(data, "utf-16-be") == "is in another encoding: `encoding` utf-16"


def test_a_nul_in_a_text_or_in_bytes_shows_no_encoding() -> None:
    chance = random.Random(3)
    assert not any(encoding_of(chance.randbytes(4096)) for _ in range(50))
    assert encoding_of(b"a line with one \0 in it\n") is None
    assert encoding_of(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0") is None
    assert encoding_of(b"\0" * 100) is None


CP1252 = "caf\u00e9\nplain\nna\u00efve \u201cquotes\u201d\n".encode("cp1252")


def test_a_text_of_cp1252_is_refused_with_the_remedy() -> None:
    for data in (CP1252, b"\xef\xbb\xbf" + CP1252, "caf\u00e9\rna\u00efve".encode("cp1252")):
        assert "`encoding` cp1252 for Western Europe" in (problem_of(data, "utf-8") or "")
    central = "\u0179r\u00f3d\u0142o\n\u0164uk\u00e1m".encode("cp1250")
    expected = "is not UTF-8: `encoding` cp1250 for Central Europe"
    assert problem_of(central, "utf-8") == expected
    for encoding, words in (
        ("cp1252", "\u00e9t\u00e9\n\u00e0\n"),
        ("cp1250", "za\u017c\u00f3\u0142\u0107\n" * 2),
    ):
        assert f"{encoding} for " in (problem_of(words.encode(encoding), "utf-8") or "")
    assert problem_of(CP1252, "cp1252") is None
    assert problem_of(CP1252, "iso8859-1") is None


@pytest.mark.parametrize(
    "data",
    [
        b"caf\xe9\n" + b"plain\n" * 9,
        b"caf\xe9\nna\xefve\n" + "caf\u00e9\n".encode() * 2,
        b"\x81\n\x8d\nna\xefve\n",
        "caf\u00e9\n".encode() + "caf\u00e9".encode()[:-1],
        b"caf\xe9\n" + b"a" * (65536 - 6) + b"\xc3",
        b"",
    ],
    ids=["one line", "half of the lines", "no cp1252", "damaged at the end", "cut", "nothing"],
)
def test_damaged_lines_of_utf8_are_left_to_be_rejected(data: bytes) -> None:
    assert problem_of(data, "utf-8") is None


def test_utf8_is_not_read_as_something_else() -> None:
    data = "caf\u00e9\nna\u00efve\n".encode()
    for encoding in ("cp1252", "iso8859-1", "gb18030"):
        assert (problem_of(data, encoding) or "").startswith(f"is UTF-8, not {encoding}")
    plain = b"a plain line of ASCII, long enough\n"
    assert (problem_of(plain, "utf-16-le") or "").startswith("is UTF-8, not utf-16-le")
    assert problem_of(plain, "cp1252") is None
    assert problem_of("\u4e2d".encode("utf-16-le"), "utf-16-le") is None


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        *(("shift_jis", "Japanese"), ("euc_jp", "Japanese"), ("gb18030", "Chinese")),
        *(("euc_kr", "Korean"), ("cp1251", "Russian"), ("cp1253", "Greek"), ("cp874", "Thai")),
        *(("cp1256", "Arabic"), ("cp1255", "Hebrew"), ("big5", "traditional")),
    ],
)
def test_older_encodings_of_other_scripts_are_refused_with_the_remedies(
    encoding: str, name: str
) -> None:
    texts = {
        **TEXTS,
        "Hebrew": "\u05d3\u05d2 \u05e1\u05e7\n" * 60,
        "traditional": "\u98a8\u8d77\n" * 60,
    }
    problem = problem_of(texts[name].encode(encoding), "utf-8") or ""
    assert problem.startswith("is not UTF-8: `encoding` ")
    assert f"{encoding} for " in problem
    assert not problem.startswith("is not UTF-8: `encoding` cp1252")


def test_ascii_that_switches_to_other_characters_is_refused_with_the_remedy() -> None:
    for encoding, name in (("iso-2022-jp", "Japanese"), ("iso-2022-kr", "Korean")):
        data = TEXTS[name].encode(encoding)
        assert problem_of(data, "utf-8") == f"is in another encoding: `encoding` {encoding}"
        assert problem_of(data, encoding.replace("-", "_").replace("iso_", "iso")) is None
    assert problem_of(b"\x1b[1mbold\x1b[0m costs \x1b$5\n", "utf-8") is None


def test_lines_of_noise_in_utf8_are_left_to_be_rejected() -> None:
    chance = random.Random(4)
    for _ in range(50):
        noise = b"".join(b"%b\n" % chance.randbytes(60).replace(b"\n", b"") for _ in range(2))
        assert problem_of(b"a plain line\n" * 50 + noise, "utf-8") is None
