import contextlib
import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from apache_beam.io.filesystems import FileSystems
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import JobError, UsageError
from pipeline.inputs import glob_patterns, local_glob, plan
from pipeline.inputs.job_folders import OwnFolders
from pipeline.options.embed_config import InputConfig
from transforms.documents import Split
from transforms.io import attempts
from transforms.sources.base import ReadConfig


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for name in ("a/one.txt", "b/two.txt", "three.txt"):
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("the cat\n")
    return tmp_path / "corpus"


def fail_to_list(
    monkeypatch: pytest.MonkeyPatch, folder: Path, times: int, number: int = errno.EIO
) -> None:
    """Make the next calls that list a folder fail."""
    scandir, left = os.scandir, [times]

    def failing(path: str) -> Any:
        if os.path.normpath(path) == str(folder) and left[0]:
            left[0] -= 1
            raise OSError(number, os.strerror(number), path)
        return scandir(path)

    monkeypatch.setattr(attempts, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(os, "scandir", failing)


def plan_of(corpus: Path, below: str = "") -> list[Split]:
    glob = os.path.join(corpus, below) if below else str(corpus)
    return plan.make_plan(InputConfig((glob,), "auto", ReadConfig()))


def names(corpus: Path, below: str = "") -> list[str]:
    splits = plan_of(corpus, below)
    return [os.path.relpath(file.path, corpus) for split in splits for file in split.files]


def test_a_folder_that_fails_to_be_listed_once_loses_no_file(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_to_list(monkeypatch, corpus / "b", 1)
    assert names(corpus) == ["a/one.txt", "b/two.txt", "three.txt"]


@pytest.mark.parametrize(
    ("number", "expected"), [(errno.EIO, JobError), (errno.EACCES, UsageError)]
)
def test_the_folder_of_an_input_that_cannot_be_listed_is_refused_by_name(
    number: int, expected: type[Exception], corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_to_list(monkeypatch, corpus / "b", 9, number)
    with pytest.raises(expected, match=r"--input .*corpus/b: cannot be listed: .*corpus/b'"):
        names(corpus, "b")


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES])
@pytest.mark.parametrize("glob", ["", "**", "*/*.txt", "[ab]/t?o.txt", "**/two.txt"])
def test_a_folder_below_that_cannot_be_listed_costs_itself(
    glob: str, number: int, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = names(corpus, glob)
    assert "b/two.txt" in expected
    fail_to_list(monkeypatch, corpus / "b", 1)
    assert names(corpus, glob) == expected
    fail_to_list(monkeypatch, corpus / "b", 99, number)
    if expected == ["b/two.txt"]:
        with pytest.raises(
            UsageError, match=rf"none of the files .*corpus/b/: {os.strerror(number)}"
        ):
            names(corpus, glob)
        return
    splits = plan_of(corpus, glob)
    assert [split.unread for split in splits if split.unread] == [os.strerror(number)]
    assert names(corpus, glob) == ["b" if name == "b/two.txt" else name for name in expected]


@pytest.mark.parametrize("glob", ["*", "*.txt", "a/*", "[!b]/*.txt", "a**"])
def test_a_folder_that_a_glob_does_not_reach_may_be_forbidden(
    glob: str, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_to_list(monkeypatch, corpus / "b", 9)
    assert names(corpus, glob) == (["three.txt"] if glob in ("*", "*.txt") else ["a/one.txt"])


def test_a_path_whose_folder_is_forbidden_is_refused_as_such(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stat = os.stat

    def forbidden(path: str, **how: Any) -> os.stat_result:
        if str(path).startswith(f"{corpus}/b/"):
            raise PermissionError(13, "Permission denied", path)
        return stat(path, **how)

    monkeypatch.setattr(os, "stat", forbidden)
    with pytest.raises(UsageError, match=r"cannot be listed: .*Permission denied: .*b/two\.txt"):
        names(corpus, "b/two.txt")


GLOBS = ["*", "**", "*/", "a/", "a*", "*.txt", "a/*", "*/*", "**/a", "a**", "[ab]/*", "[!a]*"]
GLOBS += ["a?", "a/**/b", "ab", "**b", "*/**", "a/b/*", ".*", "a[", "gone/*", "ab/x/*", "a*/b**"]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(["a", "b", "ab", ".a", "a[", "_b"]), min_size=1, max_size=3),
        max_size=8,
    ),
    st.sampled_from(GLOBS),
)
def test_globs_match_what_those_of_beam_match(paths: list[list[str]], glob: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            with contextlib.suppress(FileExistsError, IsADirectoryError, NotADirectoryError):
                Path(folder, *path[:-1]).mkdir(parents=True, exist_ok=True)
                Path(folder, *path).touch()
        found = local_glob.list_files(f"{folder}/{glob}", OwnFolders())
        if not os.path.exists(f"{folder}/{glob}"):
            (of_beam,) = FileSystems.match([f"{folder}/{glob}"])
            visible = glob_patterns.visible_matches(f"{folder}/{glob}{'*' * glob.endswith('/')}")
            assert sorted(entry.path for entry in found.entries) == sorted(
                match.path for match in of_beam.metadata_list if visible.match(match.path)
            )


def test_a_glob_without_a_folder_is_of_the_working_directory(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(corpus)
    for glob, path in (
        ("*.txt", "three.txt"),
        ("./*/o*", "./a/one.txt"),
        (".//t*", ".//three.txt"),
    ):
        found = local_glob.list_files(glob, OwnFolders())
        assert [entry.path for entry in found.entries] == [path]
