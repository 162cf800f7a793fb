"""Damage of what every job has besides its parts is found; see also `test_each_file`."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import JobError
from pipeline.output import output_folder, run_file
from tests.pipeline import corpus
from transforms.io.tree_digest import hash_tree


def empty(path: Path) -> None:
    path.write_bytes(b"")


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES = [empty, zero, halve]
Damage = Callable[[Path], None]
# The files of a transform that have a content.
TRANSFORM = ("transform_fn", "transformed_metadata")


@pytest.fixture
def output(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "out")


def files_of(folder: Path, names: tuple[str, ...]) -> list[Path]:
    """List the files with a content below some folders."""
    found = (path for name in names for path in sorted((folder / name).rglob("*")))
    return [path for path in found if path.is_file() and path.stat().st_size]


def is_sound(folder: Path) -> bool:
    run = run_file.load_run(str(folder))
    return output_folder.has_transform(str(folder), run)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_of_any_file_of_the_transform_is_found(damage: Damage, output: Path) -> None:
    assert is_sound(output)
    files = files_of(output, TRANSFORM)
    assert len(files) > 4
    for path in files:
        content = path.read_bytes()
        damage(path)
        assert not is_sound(output), path
        path.write_bytes(content)
    assert is_sound(output)


def test_a_file_too_many_and_a_link_are_found(output: Path) -> None:
    (output / "transform_fn/more").touch()
    assert not is_sound(output)
    (output / "transform_fn/more").unlink()
    graph = output / "transform_fn/saved_model.pb"
    graph.rename(output / "graph")
    graph.symlink_to(output / "graph")
    assert not is_sound(output)
    with pytest.raises(ValueError, match="is a symbolic link"):
        hash_tree(str(output), TRANSFORM)


def test_damage_of_schemas_and_of_the_table_is_found(
    output: Path, globs: list[str], tiny_path: Path
) -> None:
    config = corpus.config(globs, output, tiny_path)
    run = run_file.load_run(str(output))
    assert output_folder.damaged_files(config, run) == []
    for damage in DAMAGES:
        for family in ("pooled", "sequence"):
            schema = output / family / "schema.pbtxt"
            content = schema.read_bytes()
            damage(schema)
            assert output_folder.damaged_files(config, run) == [f"{family}/schema.pbtxt"]
            schema.write_bytes(content)


@pytest.mark.parametrize("damage", [*DAMAGES, Path.unlink])
def test_a_damaged_manifest_of_a_finished_job_is_written_again(
    damage: Damage, output: Path, finished: Path, globs: list[str], tiny_path: Path
) -> None:
    damage(output / "manifest.json")
    assert corpus.embed(globs, output, tiny_path).nothing_left
    assert corpus.data_files(output) == corpus.data_files(finished)


@pytest.mark.slow
def test_workers_do_not_load_a_damaged_transform(
    output: Path, globs: list[str], tiny_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (output / "manifest.json").unlink()
    min(output.glob("receipts/*")).unlink()
    (output / "transform_fn/more").touch()
    with monkeypatch.context() as patch:
        # As if the damage came after the launcher had looked.
        patch.setattr("pipeline.start.learn_transform._has_usable_transform", lambda _: True)
        with pytest.raises(JobError, match="is damaged; the same command makes it again"):
            corpus.embed(globs, output, tiny_path)
    corpus.embed(globs, output, tiny_path)
    assert is_sound(output)
