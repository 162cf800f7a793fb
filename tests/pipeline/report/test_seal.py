"""Damage of report.html is found by its last line."""

from pathlib import Path

import pytest

from pipeline.report import seal
from tests.pipeline.test_damage import DAMAGES, Damage


@pytest.mark.parametrize("page", ["", "<html>\n</html>", "<p>\u2028é\n\n"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_page_is_whole_until_it_is_damaged(damage: Damage, page: str, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    assert not seal.is_whole(str(tmp_path))
    report.write_bytes(seal.sealed(page).encode())
    assert seal.is_whole(str(tmp_path))
    damage(report)
    assert not seal.is_whole(str(tmp_path))


def test_each_byte_counts(tmp_path: Path) -> None:
    whole = seal.sealed("<p>the cat</p>").encode()
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 1
        (tmp_path / "report.html").write_bytes(flipped)
        assert not seal.is_whole(str(tmp_path)), place
