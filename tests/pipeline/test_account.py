"""Ten thousand documents of any content: each is embedded or rejected, and none is lost."""

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import cli, reader

pytestmark = pytest.mark.slow

_COUNT = 2200
_TEXTS = ["the cat sat", "un\u200bable", "猫 on a mat", "ﷺ", "\u0301\u0301", "é" * 300, "a" * 5000]
_LINE_ENDS = [b"\n", b"\n", b"\r\n", b"\n\n", b"\r\r\n", b" \n"]


def garbage(some: random.Random) -> bytes:
    """Bytes of any kind, without the one that ends a line."""
    return some.randbytes(some.randrange(60)).replace(b"\n", b"\0")


def text(some: random.Random) -> bytes:
    words = " ".join(some.choices(_TEXTS, k=some.randrange(4)))
    return some.choice([b"", b"\xef\xbb\xbf", b"\0", b"\x1b[2J"]) + words.encode()


def broken_utf8(some: random.Random) -> bytes:
    whole = text(some) + "é猫😀".encode()
    return whole[: -some.randrange(1, 4)]


def json_of(value: object) -> bytes:
    return json.dumps(value).encode()


def record(some: random.Random) -> bytes:
    body = some.choice(_TEXTS)
    values = [body, body, None, 3, True, [body], {"text": body}, "", "\ud800", 1e400, "\0"]
    row = {"text": some.choice(values), "id": some.choice(["x", 1, None])}
    if some.random() < 0.1:
        row["deep"] = "DEEP"
        return json_of(row).replace(b'"DEEP"', b"[" * 9000 + b"]" * some.choice([9000, 8999]))
    if some.random() < 0.1:
        del row["text"]
    return json_of(row)


def cut_record(some: random.Random) -> bytes:
    whole = record(some)
    return whole[: some.randrange(len(whole))]


def huge(_: random.Random) -> bytes:
    return b"a" * (17 << 20)


def write_file(path: Path, kinds: list[Callable], some: random.Random) -> list[int]:
    """Write lines of some kinds; return where each begins, found by the simplest rule."""
    content = b"".join(
        some.choice(kinds)(some) + some.choice(_LINE_ENDS) for _ in range(_COUNT)
    ) + some.choice([b"", b"the end without a line's end"])
    if some.random() < 0.5:
        content = huge(some) + b"\n" + content
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)
    places, place = [], 0
    for line in content.split(b"\n"):
        places.append(place)
        place += len(line) + 1
    return places if not content.endswith(b"\n") else places[:-1]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[int]]:
    """Files of documents, and where the documents of each begin."""
    some, folder = random.Random(20261123), tmp_path_factory.mktemp("fuzz")
    of_text, of_records = [garbage, text, broken_utf8], [garbage, record, record, cut_record]
    kinds = {"a.txt": of_text, "b.txt.gz": of_text, "c.jsonl": of_records, "d.json.gz": of_records}
    kinds["e.txt"] = [*of_text, *of_records]
    return {
        str(folder / name): write_file(folder / name, kinds_of_file, some)
        for name, kinds_of_file in kinds.items()
    }


def test_the_account_closes_over_anything(
    corpus: dict[str, list[int]],
    tiny_path: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture,
) -> None:
    output = tmp_path / "out"
    command = ["embed", "--input", *corpus, "--output", output, "--model", tiny_path]
    flags = ["--max_seq_length", 8, "--part_bytes", 50_000]
    assert cli.main([str(word) for word in [*command, *flags]]) == 1
    printed = capfd.readouterr()
    assert "documents were rejected (" in printed.err
    assert printed.err.count("rejected: ") == 3
    assert "Traceback" not in printed.out + printed.err
    assert "\x1b" not in printed.out + printed.err

    manifest = json.loads((output / "manifest.json").read_text())
    expected = {f"{source}:{place}" for source, places in corpus.items() for place in places}
    assert len(expected) > 10_000
    assert manifest["counts"]["documents"] == len(expected)
    for source, places in corpus.items():
        assert manifest["sources"][source]["documents"] == len(places)
    for part in [manifest["counts"], *(part["counts"] for part in manifest["parts"])]:
        assert part["documents"] == part["embedded"] + part["rejected"]

    embedded = reader.load_embeddings(str(output)).ids
    rejected = [
        json.loads(line)
        for path in (output / "rejected").iterdir()
        for line in path.read_text("utf-8").split("\n")
        if line
    ]
    assert sorted([*embedded, *(row["id"] for row in rejected)]) == sorted(expected)
    assert all(row["id"] == f"{row['source']}:{row['position']}" for row in rejected)
    reasons = {row["reason"] for row in rejected}
    assert reasons == {
        *("empty", "not_utf8", "bad_json", "not_an_object", "missing_field", "wrong_type"),
        "too_large",
    }
