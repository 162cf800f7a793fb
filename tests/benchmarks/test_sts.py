"""The benchmark of quality on STS-B: its format."""

from pathlib import Path

import pytest

from benchmarks.sts import Pair, read_pairs


def test_pairs_are_read_from_fields_between_tabs(tmp_path: Path) -> None:
    path = tmp_path / "sts.csv"
    line = 'main-news\theadlines\t2016\t5\t2.500\tA "girl" sings.\tA girl, singing'
    path.write_text(f"{line}\n{line}\tsource\tsource\r\n", "utf-8")
    assert read_pairs(path) == [Pair(2.5, ('A "girl" sings.', "A girl, singing"))] * 2
    path.write_text(f"{line}\nonly\tthree\tfields\n", "utf-8")
    with pytest.raises(ValueError, match="line 2: 3 fields"):
        read_pairs(path)
