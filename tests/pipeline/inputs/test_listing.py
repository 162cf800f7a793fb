import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import UsageError
from pipeline.inputs import plan
from pipeline.options.embed_config import InputConfig
from transforms.io import attempts
from transforms.sources.base import ReadConfig


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for name in ("a/one.txt", "b/two.txt", "three.txt"):
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("the cat\n")
    return tmp_path / "corpus"


def fail_to_list(monkeypatch: pytest.MonkeyPatch, folder: Path, times: int) -> None:
    """Make the next calls that list a folder fail."""
    scandir, left = os.scandir, [times]

    def failing(path: str) -> Any:
        if path == str(folder) and left[0]:
            left[0] -= 1
            raise OSError(5, "Input/output error", path)
        return scandir(path)

    monkeypatch.setattr(attempts, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(os, "scandir", failing)


def names(corpus: Path) -> list[str]:
    splits = plan.make_plan(InputConfig((str(corpus),), "auto", ReadConfig()))
    return [os.path.relpath(split.source.path, corpus) for split in splits]


def test_a_folder_that_fails_to_be_listed_once_loses_no_file(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_to_list(monkeypatch, corpus / "b", 1)
    assert names(corpus) == ["a/one.txt", "b/two.txt", "three.txt"]


def test_a_folder_that_cannot_be_listed_is_refused_by_name(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_to_list(monkeypatch, corpus / "b", 9)
    with pytest.raises(UsageError, match=r"--input .*corpus: cannot be listed: .*corpus/b'"):
        names(corpus)
