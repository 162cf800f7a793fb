"""What an update says before it computes: documents and seconds, by what was computed before."""

from pathlib import Path

import pytest

from pipeline.updates import update_forecast
from pipeline.updates.update_forecast import UpdateForecast, seconds_per_document, to_lines
from tests.pipeline.reusing.moved_corpus import INVARIANT
from tests.pipeline.updates.growing import GrowingCorpus, text_of
from transforms.receipts import Receipt


def part(documents: int, seconds: float, end: float, reused: int = 0) -> Receipt:
    counts = {"documents": documents, "embedded": documents, "rejected": 0, "reused": reused}
    times = {"model_seconds": seconds} if seconds else {}
    return Receipt("a", 0, 1, True, "", "a", counts, {}, times, (), "", end)


def test_documents_that_were_taken_do_not_count() -> None:
    computed, taken = part(10, 20.0, 120.0), part(100, 1.0, 200.0, reused=99)
    assert seconds_per_document([computed], [computed]) == 2.0
    assert seconds_per_document([computed, taken], []) == 2.0
    # Those of another generation, then those that were computed beside taken ones.
    assert seconds_per_document([taken], [taken, computed]) == 2.0
    assert seconds_per_document([taken], [taken]) == 1.0
    # A part that was copied took no time.
    copied = part(10, 0.0, 300.0)
    assert seconds_per_document([computed, copied], []) == 2.0
    assert seconds_per_document([copied], [copied]) is None
    assert seconds_per_document([], [part(5, 1.0, 9.0, reused=5)]) is None


@pytest.mark.parametrize(
    ("reusable", "ending"),
    [
        (0, "0:20 at the speed so far"),
        (1, "0:20 at the speed so far, less those of up to 1 document in earlier parts"),
        (None, "0:20 at the speed so far, less the documents that the folder of --reuse has"),
    ],
)
def test_the_line_says_what_takes_less_time(reusable: int | None, ending: str) -> None:
    forecast = UpdateForecast(2, 1, 1, 0, 0, 3, 2, 1, 10, 20.0, reusable=reusable)
    assert to_lines(forecast)[1] == (
        f"1 part kept; 2 of 3 splits to compute: about 10 documents, {ending}"
    )
    assert (
        to_lines(forecast._replace(splits_left=0))[1] == "1 part kept; nothing is left to compute"
    )


@pytest.mark.slow
def test_an_update_after_documents_moved(
    tmp_path: Path, tiny_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = GrowingCorpus(tmp_path, tiny_path)
    growing.write("a.txt", text_of(0, 120))
    growing.embed(**INVARIANT)
    found: list[UpdateForecast] = []
    lines = update_forecast.to_lines
    monkeypatch.setattr(update_forecast, "to_lines", lambda one: found.append(one) or lines(one))
    (growing.folder / "a.txt").rename(growing.folder / "b.txt")
    growing.update(**INVARIANT)
    growing.write("c.txt", text_of(500, 120))
    growing.update(**INVARIANT)
    moved, added = found
    # The parts of the old name leave the plan.
    assert moved.documents == moved.reusable == 120
    assert added.reusable == 0
    assert moved.seconds is not None
    assert added.seconds is not None
    # By the parts that were computed, not by those that were taken.
    assert added.documents is not None
    assert added.seconds / added.documents == pytest.approx(moved.seconds / 120)
