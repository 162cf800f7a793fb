from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transforms.dedup.repeat_table import DIGEST
from transforms.reuse import vector_table
from transforms.reuse.vector_table import VectorTable

WIDTHS = {"mean": 3, "max": 2}


def digests_of(numbers: list[int]) -> np.ndarray:
    # Bytes that end in zeros are where numpy's strings of fixed length could lose some.
    return np.frombuffer(b"".join(bytes([n]) + bytes(15) for n in numbers), DIGEST)


def vectors_of(numbers: list[int]) -> dict[str, np.ndarray]:
    """Return vectors that only the number of a document decides."""
    return {
        name: np.float32(numbers)[:, np.newaxis] + np.arange(width, dtype=np.float32) * len(name)
        for name, width in WIDTHS.items()
    }


def piece_of(numbers: list[int]) -> vector_table.VectorPiece:
    return vector_table.sorted_piece(digests_of(numbers), vectors_of(numbers))


NUMBERS = st.lists(st.integers(0, 9), max_size=6)


@given(st.lists(NUMBERS, max_size=4), NUMBERS)
def test_a_table_finds_what_its_pieces_have(pieces: list[list[int]], wanted: list[int]) -> None:
    table = VectorTable([piece_of(numbers) for numbers in pieces])
    numbers, rows = table.look_up(digests_of(wanted))
    known = [any(number in piece for piece in pieces) for number in wanted]
    assert (numbers >= 0).tolist() == known
    for number, piece in zip(wanted, numbers.tolist(), strict=True):
        assert piece == -1 or number in pieces[piece]
    targets = {name: np.full_like(x, -1.0) for name, x in vectors_of(wanted).items()}
    table.copy_vectors(numbers, rows, targets)
    for name, expected in vectors_of(wanted).items():
        where = np.array(known, bool)[:, np.newaxis]
        assert targets[name].tolist() == np.where(where, expected, -1.0).tolist()


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    table = vector_table.table_folder(str(tmp_path), "one")
    vector_table.write_piece(table, 0, piece_of([5, 1]))
    vector_table.write_piece(table, 1, piece_of([2]))
    first, second = vector_table.load_table(table).pieces
    assert (len(first.digests), len(second.digests)) == (2, 1)
    assert first.digests.tolist() == sorted(digests_of([5, 1]).tolist())
    assert first.vectors["max"].tolist() == [[1.0, 4.0], [5.0, 8.0]]


def test_a_folder_without_pieces_is_an_empty_table(tmp_path: Path) -> None:
    assert vector_table.load_table(str(tmp_path / "none")).pieces == ()
