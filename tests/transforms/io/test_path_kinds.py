"""What is at a path is said in one line, whatever names are near it."""

import os
from pathlib import Path

import pytest

from transforms.io import path_kinds


@pytest.mark.parametrize(
    ("make", "kind"),
    [(Path.mkdir, "a folder"), (Path.touch, "a file"), (os.mkfifo, "a FIFO")],
)
def test_the_kind_of_a_path(make: object, kind: str, tmp_path: Path) -> None:
    make(tmp_path / "a")  # type: ignore[operator]
    assert path_kinds.describe(str(tmp_path / "a")) == f"it is {kind}"
    assert (path_kinds.describe_unless_folder(str(tmp_path / "a")) == "") == (kind == "a folder")


def test_hostile_names_stay_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "corpus\n\x1b[31m").touch()
    (tmp_path / "link").symlink_to("no\nwhere")
    near = path_kinds.describe(str(tmp_path / "corpus"))
    assert near.endswith("did you mean " + str(tmp_path / "corpus") + r"\u000a\u001b[31m?")
    assert path_kinds.describe(str(tmp_path / "link")) == (
        r"it is a link to no\u000awhere, which does not exist"
    )


def test_another_file_system_is_not_described() -> None:
    assert path_kinds.describe_unless_folder("s3://bucket/out") == ""
