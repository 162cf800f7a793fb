import gzip
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.estimate import choose_pieces, read_pieces
from pipeline.inputs.plan import make_plan
from pipeline.options.embed_config import InputConfig
from tests.transforms.splits.plans import draw_plan
from transforms.documents import Source, Split, header_of
from transforms.sources import lines
from transforms.sources.base import ReadConfig

sizes = st.lists(st.tuples(st.integers(0, 1 << 26), st.booleans()), min_size=1, max_size=40)


@settings(deadline=None)
@given(sizes, st.integers(1024, 1 << 21))
def test_pieces_represent_the_whole_corpus_and_are_bounded(
    files: list[tuple[int, bool]], part_bytes: int
) -> None:
    sources = [
        Source(f"{n}.txt", size, "1", "text", "gzip" if packed else "none")
        for n, (size, packed) in enumerate(files)
    ]
    cuts = [lines.cut_by_bytes(source, max(part_bytes, source.size)) for source in sources]
    pieces = choose_pieces.choose_pieces([split for cut in cuts for split in cut], part_bytes)
    total = sum(source.size for source in sources)
    assert sum(piece.represents for piece in pieces) == pytest.approx(total)
    if not choose_pieces.is_small([source for source in sources if source.size]):
        read = [(piece.split.end or 0) - piece.split.start for piece in pieces]
        assert sum(read) <= 33 * (256 << 10)
    filled = {source.path for source in sources if source.size}
    if len(filled) <= 16:
        assert {piece.split.source.path for piece in pieces} == filled
    for piece in pieces:
        assert 0 <= piece.split.start <= piece.split.source.size
        if piece.split.source.splittable:
            assert piece.split.end <= piece.split.source.size


def write_skewed(folder: Path) -> tuple[list[Path], int]:
    """Write short lines to a gzip and long lines to a text; return the files and line count."""
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
    parts = read_pieces.read_pieces(choose_pieces.choose_pieces(splits, read.part_bytes), read)
    documents = sum(part.scale * part.documents.num_rows for part in parts)
    return choose_pieces.is_small(sources), documents


def test_documents_of_a_skewed_corpus_are_estimated(tmp_path: Path) -> None:
    paths, documents = write_skewed(tmp_path)
    small, estimate = count(paths)
    assert not small
    assert estimate == pytest.approx(documents, rel=0.1)


def test_a_small_file_with_most_documents_gets_enough_pieces(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text(f"{'word ' * 1000}\n" * 5000)
    (tmp_path / "short.txt").write_text("word\n" * 20_000)
    paths = [tmp_path / "long.txt", tmp_path / "short.txt"]
    assert count(paths) == (False, pytest.approx(25_000, rel=0.02))


def test_some_of_many_files_represent_the_others(tmp_path: Path) -> None:
    lines = [2000 if number % 5 else 20_000 for number in range(100)]
    for number, many in enumerate(lines):
        (tmp_path / f"{number}.txt").write_text("a line that is no longer than others\n" * many)
    paths = [tmp_path / f"{number}.txt" for number in range(100)]
    assert count(paths) == (False, pytest.approx(sum(lines), rel=0.02))


@pytest.mark.slow
def test_documents_longer_than_a_piece_are_estimated(tmp_path: Path) -> None:
    some = random.Random(3)
    short = [f"{some.randrange(10**9)}" for _ in range(400_000)]
    long = ["word " * 100_000 for _ in range(12)]
    (tmp_path / "short.txt").write_text("\n".join(short))
    (tmp_path / "long.txt").write_text("\n".join(long))
    paths = [tmp_path / "short.txt", tmp_path / "long.txt"]
    assert count(paths) == (False, pytest.approx(len(short) + len(long), rel=0.1))
    assert count(paths[1:]) == (False, pytest.approx(len(long), rel=0.1))


def test_files_of_one_long_line_are_estimated(tmp_path: Path) -> None:
    # A document begins only at the beginning of a file.
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text("word " * 600_000)
    assert count([tmp_path / f"{number}.txt" for number in range(3)]) == (False, pytest.approx(3))


@pytest.mark.parametrize("size", [5, 100])
def test_the_documents_of_a_gzip_are_estimated_from_its_beginning(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose_pieces, "_WHOLE_BYTES", 1 << 16)
    some = random.Random(size)
    lines = [f"{some.randrange(10**9)} {'and so on ' * size}" for _ in range(1_000_000 // size)]
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress("\n".join(lines).encode(), 1))
    (tmp_path / "b.txt").write_text("a line that is much like all others\n" * 100_000)
    assert count([tmp_path / "a.txt.gz", tmp_path / "b.txt"]) == (
        False,
        pytest.approx(len(lines) + 100_000, rel=0.1),
    )


def test_a_damaged_gzip_that_is_read_whole_has_exact_counts(tmp_path: Path) -> None:
    packed = gzip.compress(b"one\n" * 1000)
    (tmp_path / "a.txt.gz").write_bytes(packed + b"no gzip" * 10_000)
    read = ReadConfig()
    splits = make_plan(InputConfig((str(tmp_path / "a.txt.gz"),), "auto", read))
    (part,) = read_pieces.read_pieces(choose_pieces.choose_pieces(splits, 1 << 20), read)
    assert (part.scale, part.documents.num_rows) == (1.0, 1001)


def test_a_small_corpus_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n" * 99_000)
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"one\n" * 1000))
    assert count([tmp_path / "a.txt", tmp_path / "b.txt.gz"]) == (True, 100_000)


def test_unreadable_files_are_left_out_and_reported(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    sources = [Source(str(tmp_path / name), 4, "1", "text") for name in ("gone.txt", "a.txt")]
    pieces = choose_pieces.choose_pieces([Split(source, 0, 4) for source in sources], 1024)
    unread: dict[str, str] = {}

    def report(source: Source, error: OSError) -> None:
        unread[source.path] = str(error)

    (part,) = read_pieces.read_pieces(pieces, ReadConfig(), report)
    assert (header_of(part.documents).source, part.scale) == (str(tmp_path / "a.txt"), 1.0)
    ((path, why),) = unread.items()
    assert path == str(tmp_path / "gone.txt")
    assert why.startswith(f"{path} cannot be opened: ")


@settings(max_examples=50)
@given(draw_plan())
def test_the_files_of_any_plan_are_those_of_its_splits(plan: list[Split]) -> None:
    files = [file for split in plan if not split.unread for file in split.files]
    sources = choose_pieces.sources_of(plan)
    expected = list({file.path: file for file in files}.values())
    assert list(sources) == expected
    assert [sources[place] for place in range(len(sources))] == expected
    assert list(sources[1:]) == expected[1:]
    kinds: dict[tuple[str, str], int] = {}
    for file in expected:
        kind = (file.format, file.compression)
        kinds[kind] = kinds.get(kind, 0) + file.size
    sums = {(one.format, one.compression): one.size for one in sources.sums_of_kinds()}
    assert sums == pytest.approx(kinds)
