"""Names of files, ids and fields that would control the terminal or other files."""

import json
import os
import re
from pathlib import Path

import pytest

from pipeline import cli, reader, status
from pipeline.commands import head
from pipeline.errors import JobError, UsageError
from pipeline.options.embed_config import Limits
from pipeline.result import to_text
from tests.pipeline import corpus

# A line's end, an escape, text turned around, quotes, a glob, a path, and line ends of other sorts.
EVIL = "a\nb \x1b[31m\u202e'\"[1]..\u2028\x85\x9b\x7f"
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def evil_corpus(folder: Path) -> tuple[list[str], list[str]]:
    """Write files of hostile names, ids and fields; return their paths, and the ids to embed."""
    folder.mkdir()
    ids = ["../../x", "\0", f"<b>{EVIL}", "i" * 5000, f"/etc/{EVIL}"]
    rows = [{"id": id_, "text": "zzz qqq the", "k": id_} for id_ in ids]
    rows += [{"id": f"no {EVIL}", "text": " "}, {"id": f"nor {EVIL}", "text": 7}]
    (folder / f"{EVIL}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "p[1].txt").write_text("the cat\n\n")
    (folder / "p1.txt").write_text("another file\n")
    paths = [str(folder / f"{EVIL}.jsonl"), str(folder / "p[1].txt")]
    return paths, [*ids, f"{paths[1]}:0"]


@pytest.mark.slow
def test_names_and_values_steer_neither_files_nor_terminals(
    tiny_path: Path, tmp_path: Path
) -> None:
    paths, ids = evil_corpus(tmp_path / EVIL)
    out = tmp_path / "out"
    printed = [to_text(corpus.embed(paths, out, tiny_path, limits=Limits(0.5)))]
    names = {name for path in out.rglob("*") for name in path.relative_to(out).parts}
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,120}", name) for name in names)
    planned = (out / "plan.jsonl").read_text().splitlines()
    assert list(dict.fromkeys(json.loads(line)["source"] for line in planned)) == paths
    assert reader.load_embeddings(str(out)).ids == ids
    assert list(json.loads((out / "manifest.json").read_text())["sources"]) == paths
    rejected = [path.read_text() for path in sorted(out.glob("rejected/*.jsonl"))]
    for text in rejected:
        assert text.splitlines() == text.split("\n")[:-1]
        assert not OBEYED.search(text)
    assert {json.loads(line)["id"] for text in rejected for line in text.splitlines()} == {
        *(f"no {EVIL}", f"nor {EVIL}", f"{paths[1]}:8")
    }
    printed += head.head(str(out), 9)
    printed.append(status.to_text(status.measure(str(out))))
    with pytest.raises(JobError) as too_many:
        corpus.embed(paths, out, tiny_path, limits=Limits(0.1, unknown=0.1))
    printed.append(str(too_many.value))
    os.utime(paths[0], (1, 1))
    with pytest.raises(UsageError) as changed:
        corpus.embed(paths, out, tiny_path)
    printed.append(str(changed.value))
    assert not OBEYED.search("\n".join(printed))
    assert all("a\\u000ab" in text for text in (printed[0], *printed[-2:]))
    assert "a\nb" not in "\n".join(printed)


def test_tokenize_prints_nothing_that_a_terminal_obeys(
    tiny_path: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture
) -> None:
    paths, ids = evil_corpus(tmp_path / EVIL)
    arguments = ["--input", paths[0], "--id_field", "id", "--model", str(tiny_path)]
    assert cli.main(["tokenize", *arguments]) == 0
    printed, complained = (stream.decode() for stream in capfdbinary.readouterr())
    assert not OBEYED.search(printed + complained)
    assert [json.loads(line)["id"] for line in printed.splitlines()] == ids[:-1]
    assert [json.loads(line)["id"] for line in complained.splitlines()[-2:]] == [
        *(f"no {EVIL}", f"nor {EVIL}")
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", EVIL],
        ["head", EVIL],
        ["verify", EVIL],
        ["inspect-model", EVIL],
        ["import-model", EVIL, "x"],
        ["tokenize", "--input", EVIL],
        ["embed", "--input", EVIL, "--output", "x"],
        ["embed", "--input", __file__, "--output", "x", "--model", EVIL],
        ["embed", "--input", __file__, "--output", "x", "--features", EVIL],
        ["embed", "--input", __file__, "--output", "x", f"--{EVIL}"],
        ["status", "x", EVIL],
        [EVIL],
    ],
    ids=lambda arguments: arguments[0][:6],
)
def test_messages_show_what_they_were_given_and_do_not_obey_it(
    arguments: list[str], capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    try:
        ended = cli.main(arguments)
    except SystemExit as exit_:
        ended = exit_.code
    assert ended == 2
    complained = capfd.readouterr().err
    assert not OBEYED.search(complained)
    assert len(complained.splitlines()) <= 3
