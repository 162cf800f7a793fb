"""The output folders of jobs are recognized, and what others call by the same names is not."""

from pathlib import Path

import pytest

from pipeline.inputs import job_folders
from pipeline.inputs.job_folders import OwnFolders
from transforms.documents import Source, Split

SPLIT = Split(Source("a.txt", 3, "1.0", "text"), 0, 3).to_json()
RUN = '{"format_version": 3, "configuration": {}}'


def holds_job(folder: Path, files: dict[str, str]) -> bool:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return job_folders.holds_job(str(folder), {name.split("/")[0] for name in files})


@pytest.mark.parametrize(
    "files",
    [
        {"run.json": "", "plan.jsonl": ""},
        {"run.json": "\0", "receipts/a.json": "", "pooled/a.tfrecord": "", "more.txt": ""},
        {"run.json": RUN},
        {"run.json": RUN, "a.txt": ""},
        {"plan.jsonl": f"{SPLIT}\n"},
        {"plan.jsonl": SPLIT, "tmp/0": ""},
        {"lock.json": "{}"},
        {"tmp/0123456789abcdef0123456789abcdef": ""},
    ],
)
def test_the_folder_of_a_job_is_recognized(files: dict[str, str], tmp_path: Path) -> None:
    assert holds_job(tmp_path, files)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"a.txt": ""},
        {"run.json": '{"loss": 3}'},
        {"run.json": "[]", "tmp/a": ""},
        {"run.json": "damaged", "a.txt": ""},
        {"plan.jsonl": '{"text": "first, the cat"}\n'},
        {"plan.jsonl": SPLIT, "a.txt": ""},
        {"lock.json": "{}", "package.json": ""},
        {"tmp/a.txt": ""},
        {"pooled/a": "", "rejected/b": ""},
    ],
)
def test_the_folder_of_others_is_not(files: dict[str, str], tmp_path: Path) -> None:
    assert not holds_job(tmp_path, files)


@pytest.mark.parametrize(
    ("output", "path", "names"),
    [
        ("out", "out", [""]),
        ("out", "./in/../out/", [""]),
        ("./out/", "out/pooled/a", ["pooled", "a"]),
        ("out", "link/pooled", ["pooled"]),
        ("out", "output", None),
        ("out", ".", None),
        ("", "out", None),
        ("s3://b/out", "s3://b/out/pooled/a", ["pooled", "a"]),
        ("s3://b/out", "s3://b/out", [""]),
        ("s3://b/out", "s3://b/outer/a", None),
        ("s3://b/out", "out", None),
    ],
)
def test_a_path_in_the_output_folder(
    output: str,
    path: str,
    names: list[str] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "link").symlink_to("out")
    assert OwnFolders(output).names_of(path) == names
    assert OwnFolders(output).has(path) == bool(names and names[0] == "pooled")
