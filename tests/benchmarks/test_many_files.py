from pathlib import Path

from benchmarks import many_files


def test_all_steps_run_on_files_in_nested_folders(tmp_path: Path) -> None:
    many_files.make_files(tmp_path / "in", 250)
    assert len(list((tmp_path / "in").rglob("*.jsonl"))) == 83
    assert len(list((tmp_path / "in/000").iterdir())) == 3
    rows = list(many_files.measure(str(tmp_path), 250))
    table = many_files.to_table(rows, 250).splitlines()
    assert len(table) == 2 + len(rows)
    assert table[2].startswith("| list the files and plan them | ")
