"""What is at the path of an output folder, and is none, is named."""

import os
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.output.folder_checks import refuse_unrecognized_files


def test_what_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("nowhere")
    messages = {
        "file": "it is a file: name a folder",
        "pipe": "it is a FIFO: name a folder",
        "link": "it is a link to nowhere, which does not exist: name a folder",
    }
    for name, message in messages.items():
        path = str(tmp_path / name)
        with pytest.raises(UsageError) as error:
            refuse_unrecognized_files(path)
        assert str(error.value) == f"--output {path}: {message}"


def test_a_new_folder_and_a_link_to_a_folder_are_accepted(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    for name in ("new", "new/deep", "folder", "link"):
        refuse_unrecognized_files(str(tmp_path / name))
