"""A folder of another release is opened or refused by one rule, by every command and reader."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import beam_bert
from pipeline import cli
from pipeline.options.identity_version import IDENTITY_VERSION
from tests.pipeline.releases import stored_folders
from transforms.documents import FORMAT_VERSION

_AGAIN = "or embed the corpus again into another folder"


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def of_0_1_0(folder: Path) -> list[str]:
    return stored_folders.restore("0.1.0", "job", folder)


def of_a_later_format(folder: Path) -> list[str]:
    command = stored_folders.restore("0.2.0", "job", folder)
    for name in ("run.json", "manifest.json"):
        edit(folder / "output" / name, format_version=FORMAT_VERSION + 1)
    # Of the other fields nothing is known.
    edit(folder / "output/run.json", versions={"beam-bert": "7.1.0"}, configuration=[], model=1)
    return command


def of_a_later_identity(folder: Path) -> list[str]:
    command = stored_folders.restore("0.2.0", "job", folder)
    later = {"identity_version": IDENTITY_VERSION + 1, "versions": {"beam-bert": "7.1.0"}}
    edit(folder / "output/run.json", **later, field_of_then=1)
    return command


def of_an_unknown_key(folder: Path) -> list[str]:
    command = stored_folders.restore("0.2.0", "job", folder)
    run = json.loads((folder / "output/run.json").read_text())
    configuration = run["configuration"] | {"--new_flag": 1, "--newer_flag": 2}
    edit(folder / "output/run.json", configuration=configuration, versions={"beam-bert": "\0"})
    return command


# How a folder comes to be of another release, and what is said of it.
OTHERS = {
    of_0_1_0: f"has format version 2, not 3: read it with beam-bert 0.1.0, {_AGAIN}",
    of_a_later_format: f"has format version 4, not 3: read it with beam-bert 7.1.0, {_AGAIN}",
    of_a_later_identity: "run.json has identity version 3, and this release knows up to 2: read it "
    f"with beam-bert 7.1.0, {_AGAIN}",
    of_an_unknown_key: "run.json has a configuration that this release does not know (--new_flag, "
    f"--newer_flag): read it with the release that wrote it, {_AGAIN}",
}
COMMANDS = (
    *(["status", "output"], ["head", "output"], ["report", "output"], ["verify", "output"]),
    ["verify", "output", "--sample", "1"],
    *(["clean", "output"], ["load", "output", "--to", "faiss:vectors.index"]),
    *(["search", "output", "a cat"], ["export-serving", "output", "served/1"]),
    ["evaluate", "output", "--pairs", "pairs.tsv"],
)

REUSE = [
    *("embed", "--input", "corpus/*", "--id_field", "id", "--model", "module", "--output", "new"),
    *("--engine", "tensorflow", "--max_seq_length", "16", "--length_group", "8"),
    *("--reuse", "output"),
]


@pytest.fixture(params=OTHERS, ids=lambda make: make.__name__)
def other(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[str], str]:
    """Make the working directory one with a folder of another release.

    Returns:
        the command that wrote it, and what is said of it.
    """
    monkeypatch.chdir(tmp_path)
    command = request.param(tmp_path)
    (tmp_path / "pairs.tsv").write_text("a cat\ta dog\t0.5\na mat\ta cat\t0.1\n")
    return command, OTHERS[request.param]


def test_every_command_refuses_it_in_a_line_and_changes_nothing(
    other: tuple[list[str], str], capsys: pytest.CaptureFixture
) -> None:
    command, said = other
    before = stored_folders.contents(Path())
    for words in (
        *(*COMMANDS, command, [*command, "--update"], ["plan", *command[1:]]),
        REUSE,
    ):
        assert cli.main(words) == 2, words
        printed = capsys.readouterr()
        assert printed.out == "", words
        (line,) = printed.err.splitlines()
        assert said in line, (words, line)
        assert len(line) < 400
    assert stored_folders.contents(Path()) == before


READERS: dict[str, Callable[[], Any]] = {
    "load_embeddings": lambda: beam_bert.load_embeddings("output"),
    "generation": lambda: beam_bert.load_embeddings("output", generation=1),
    "iterate_sequences": lambda: next(beam_bert.iterate_sequences("output")),
    "iterate_records": lambda: next(beam_bert.iterate_records("output", "pooled")),
    "Searcher": lambda: beam_bert.Searcher("output"),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_every_reader_refuses_it(read: Callable[[], Any], other: tuple[list[str], str]) -> None:
    with pytest.raises(ValueError, match="read it with") as error:
        read()
    assert other[1] in str(error.value)


@pytest.mark.slow
def test_datasets_refuse_it(other: tuple[list[str], str]) -> None:
    with pytest.raises(ValueError, match="read it with") as error:
        next(iter(beam_bert.read_pooled("output")))
    assert other[1] in str(error.value)


def test_readers_need_no_run_json(tmp_path: Path) -> None:
    stored_folders.restore("0.2.0", "job", tmp_path)
    run = tmp_path / "output/run.json"
    run.write_text(run.read_text()[:50])
    cut = beam_bert.load_embeddings(tmp_path / "output", "mean")
    run.unlink()
    assert cut.ids == beam_bert.load_embeddings(tmp_path / "output", "mean").ids
