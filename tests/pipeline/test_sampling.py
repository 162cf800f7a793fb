import gzip
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import sampling
from pipeline.options import InputConfig
from pipeline.plan import make_plan
from transforms.documents import Source
from transforms.sources.base import ReadConfig

sizes = st.lists(st.tuples(st.integers(0, 1 << 26), st.booleans()), min_size=1, max_size=40)


@settings(deadline=None)
@given(sizes, st.integers(1024, 1 << 21))
def test_pieces_stand_for_the_whole_corpus_and_are_bounded(
    files: list[tuple[int, bool]], part_bytes: int
) -> None:
    sources = [
        Source(f"{n}.txt", size, "1", "text", "gzip" if packed else "none")
        for n, (size, packed) in enumerate(files)
    ]
    pieces = sampling.choose_pieces(sources, part_bytes)
    total = sum(source.size for source in sources)
    assert sum(piece.stands_for for piece in pieces) == pytest.approx(total)
    if not sampling.is_small(sources):
        read = [(piece.split.end or 0) - piece.split.start for piece in pieces]
        assert sum(read) <= 32 * (256 << 10)
    for piece in pieces:
        assert 0 <= piece.split.start <= piece.split.source.size
        if piece.split.source.splittable:
            assert piece.split.end <= piece.split.source.size


def write_skewed(folder: Path) -> tuple[list[Path], int]:
    """Short lines in a gzip, long ones in a text; give the files and the number of lines."""
    some = random.Random(7)
    words = [f"{some.randrange(10**9)}" for _ in range(2000)]
    short = [" ".join(some.choices(words, k=3)) for _ in range(120_000)]
    long = [" ".join(some.choices(words, k=some.randrange(200))) or "x" for _ in range(9000)]
    (folder / "short.txt.gz").write_bytes(gzip.compress("\n".join(short).encode(), 1))
    (folder / "long.txt").write_text("\n".join(long))
    return [folder / "short.txt.gz", folder / "long.txt"], len(short) + len(long)


def count(paths: list[Path]) -> tuple[bool, float]:
    read = ReadConfig(part_bytes=1 << 18)
    splits = make_plan(InputConfig(tuple(map(str, paths)), "auto", read))
    sources = list({split.source.path: split.source for split in splits}.values())
    parts = sampling.read_pieces(sampling.choose_pieces(sources, read.part_bytes), read)
    documents = sum(part.scale * part.documents.num_rows for part in parts)
    return sampling.is_small(sources), documents


def test_documents_of_a_skewed_corpus_are_estimated(tmp_path: Path) -> None:
    paths, documents = write_skewed(tmp_path)
    small, estimate = count(paths)
    assert not small
    assert estimate == pytest.approx(documents, rel=0.1)


def test_a_small_corpus_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n" * 99_000)
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"one\n" * 1000))
    assert count([tmp_path / "a.txt", tmp_path / "b.txt.gz"]) == (True, 100_000)


def test_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    sources = [Source(str(tmp_path / name), 4, "1", "text") for name in ("gone.txt", "a.txt")]
    pieces = sampling.choose_pieces(sources, 1024)
    (part,) = sampling.read_pieces(pieces, ReadConfig())
    assert (part.source, part.scale) == (str(tmp_path / "a.txt"), 1.0)
