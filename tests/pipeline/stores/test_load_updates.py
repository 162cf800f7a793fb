"""After an update of a folder, `load` writes what differs, and deletes what is gone."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.stores import store_kind
from pipeline.stores.store_kind import OpenStore
from tests.pipeline.stores.generations_of_rows import second_generation, update
from tests.pipeline.stores.loading import IDS, Place, place_of, small_folder
from tests.pipeline.vectors.typed_folder import typed_batch, vectors_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_folder(tmp_path / "out", format="parquet")


def vectors_in(place: Place) -> dict[str, list[float]]:
    return {id_: vector for id_, (vector, _) in place.rows().items()}


def assert_complete(place: Place, folder: Path, expected: dict[str, list[float]]) -> None:
    assert vectors_in(place) == expected
    parts = {row["_part"].partition(":")[0] for _, row in place.rows().values()}
    assert parts == {"g2-part-0.parquet", "g2-part-1.parquet"}
    status, printed = place.load(folder)
    assert status == 0, printed
    assert "rows      4 of 4: 0 loaded, 4 were there" in printed
    assert "others" not in printed
    assert "removed" not in printed


def test_only_what_differs_is_written(place: Place, folder: Path) -> None:
    place.load(folder)
    before = place.rows()
    expected = second_generation(folder)
    status, printed = place.load(folder)
    assert status == 0, printed
    assert "rows      4 of 4: 2 loaded, 2 were there" in printed
    assert "removed   2 rows of earlier generations" in printed
    for id_ in (IDS[0], IDS[3]):
        kept = before[id_][1] | {"_part": place.rows()[id_][1]["_part"]}
        assert place.rows()[id_][1] == kept
    assert_complete(place, folder, expected)


def test_without_the_changes_parts_are_written_as_a_whole(place: Place, folder: Path) -> None:
    place.load(folder)
    expected = second_generation(folder)
    (folder / "changes/000002.jsonl").write_text("")
    status, printed = place.load(folder)
    assert status == 0, printed
    assert "rows      4 of 4: 4 loaded, 0 were there" in printed
    assert "removed   2 rows" in printed
    assert_complete(place, folder, expected)


@pytest.mark.parametrize("method", ["write", "move", "finish", "delete"])
def test_an_update_that_ended_anywhere_is_completed(
    place: Place, folder: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.load(folder)
    expected = second_generation(folder)
    kind = store_kind.registry.plugins[place.store]
    connect = kind.connect

    def connect_to_failing(*arguments: Any) -> OpenStore:
        store = connect(*arguments)
        complete = getattr(store, method)

        def complete_and_end(*values: Any) -> None:
            complete(*values)
            raise KeyboardInterrupt

        setattr(store, method, complete_and_end)
        return store

    with monkeypatch.context() as patch:
        patch.setattr(kind, "connect", connect_to_failing)
        assert place.load(folder)[0] == 130
    status, printed = place.load(folder)
    assert status == 0, printed
    assert_complete(place, folder, expected)


def test_a_store_that_lacks_rows_gets_them(place: Place, folder: Path, tmp_path: Path) -> None:
    """It has the first part only, of another folder with the same parts."""
    vectors = vectors_of(1, 5)
    half = small_folder(tmp_path / "half", format="parquet")
    text = (half / "manifest.json").read_text()
    (half / "manifest.json").write_text(text[: text.index(', {"name": "part-1"')] + "]}")
    assert place.load(half)[0] == 0
    assert set(vectors_in(place)) == set(IDS[:3])
    # The second part stays as it is.
    update(folder, 2, [typed_batch(["x"], vectors[:1]), typed_batch(IDS[3:], vectors[3:])])
    status, printed = place.load(folder)
    assert status == 0, printed
    assert "rows      3 of 3: 3 loaded, 0 were there" in printed
    assert "removed   3 rows" in printed
    assert set(vectors_in(place)) == {"x", *IDS[3:]}


def test_two_generations_at_once(tmp_path: Path, folder: Path) -> None:
    place = place_of("lancedb", tmp_path)
    place.load(folder)
    second_generation(folder)
    vectors = vectors_of(1, 5)
    # A row that was gone is back, and one that had come is gone.
    update(folder, 3, [typed_batch(IDS[:1], vectors[:1]), typed_batch(IDS[3:], vectors[3:])])
    status, printed = place.load(folder)
    assert status == 0, printed
    assert "rows      3 of 3: 1 loaded, 2 were there" in printed
    assert "removed   2 rows" in printed
    assert vectors_in(place) == {
        id_: vectors[IDS.index(id_)].tolist() for id_ in [IDS[0], *IDS[3:]]
    }


def test_rows_of_other_folders_stay(tmp_path: Path, folder: Path) -> None:
    place = place_of("lancedb", tmp_path)
    other = small_folder(tmp_path / "other", 3.0, format="parquet")
    place.load(other)
    update(folder, 2, [typed_batch(["x"], vectors_of(1, 1))])
    status, printed = place.load(folder)
    assert status == 0, printed
    assert "others    5 rows are not of these parts" in printed
    assert set(vectors_in(place)) == {"x", *IDS}
