"""The plots: their numbers and their captions."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.manifest import Progress
from pipeline.output import activity
from pipeline.report import bars, documents_map, facts, figures, lengths, page, sample, speed
from pipeline.report.file_names import shorten_paths
from pipeline.report.plot import axis
from tests.pipeline.report.receipts import made


def made_sample(sources: list[str], **kept: tuple[str, ...]) -> sample.Sample:
    """Return a sample with one document of each source."""
    number = len(sources)
    ones = np.ones(number, np.int64)
    vectors = np.random.default_rng(1).normal(size=[number, 4]).astype(np.float32)
    ids = tuple(f'id "{n}"' for n in range(number))
    words = ("the 'cat' sat",) * number
    return sample.Sample(ids, tuple(sources), words, ones, ones, ones, vectors, "mean", kept)


def test_files_with_one_name_have_different_bars_and_colors() -> None:
    paths = ["in/en/data.txt", "in/de/data.txt", "in/de/more.txt"]
    parts = tuple(made(n, source=path, unknown=20 * n) for n, path in enumerate(paths))
    names = shorten_paths(paths)
    drawn = bars.unknown(Progress(parts, (), 3), names)
    assert drawn is not None
    assert drawn.figure is not None
    (trace,) = drawn.figure["data"]
    assert trace["x"] == [0.8, 0.4, 0.0]
    assert len(set(trace["y"])) == 3
    assert drawn.figure["layout"]["yaxis"]["ticktext"] == ["more.txt", "de/data.txt", "en/data.txt"]
    # A bar of length 0 has a value too, and room for it.
    assert list(trace["text"]) == ["80.00%", "40.00%", "0%"]
    assert (trace["textposition"], trace["cliponaxis"]) == ("outside", False)
    points = documents_map.draw(made_sample(paths), names).figure
    assert points is not None
    assert [trace["name"] for trace in points["data"]] == ["de/data.txt", "more.txt", "en/data.txt"]
    assert points["data"][0]["hovertext"] == ["<b>id \"1\"</b><br>the 'cat' sat"]


def test_a_caption_replaces_the_bars_if_no_wordpiece_is_unknown() -> None:
    drawn = bars.unknown(Progress((made(0),), (), 1), {"a.txt": "a.txt"})
    assert drawn is not None
    assert drawn.figure is None
    assert drawn.caption.startswith("No file has a wordpiece that is [UNK]")


def test_labels_are_cut_before_they_are_escaped() -> None:
    group = f"{'<&>' * 20}'end\""
    plot = documents_map.draw(made_sample(["a", "a"], group=(group, "\u202eb")), {"a": "a"})
    assert plot.figure is not None
    first, second = (trace["name"] for trace in plot.figure["data"])
    assert first.endswith("'end\"")
    assert first.count("&") == first.count(";")
    assert second == "\\u202eb"


@given(st.lists(st.integers(2, 3000), min_size=1, max_size=50), st.integers(2, 512))
def test_the_line_separates_truncated_documents(numbers: list[int], limit: int) -> None:
    edges = lengths.bins(np.array(numbers), limit)
    assert limit + 1 in edges
    assert edges[0] <= 0
    assert len(set(np.diff(edges))) == 1
    assert len(edges) <= 64
    counts, _ = np.histogram(np.minimum(numbers, edges[-1] - 1), edges)
    assert counts.sum() == len(numbers)
    assert counts[edges[:-1] > limit].sum() == sum(length > limit for length in numbers)


def test_a_document_with_exactly_the_limit_is_left_of_the_line(drawn: Path) -> None:
    report = facts.gather(str(drawn))
    numbers = np.array([5, 6, 7, 40] * 10)
    report = dataclasses.replace(
        report, sample=dataclasses.replace(report.sample, num_wordpieces=numbers)
    )
    plot = lengths.draw(report)
    assert plot.figure is not None
    (trace,), layout = plot.figure["data"], plot.figure["layout"]
    assert layout["shapes"][0]["x0"] == 8.5
    middles = dict(zip(trace["customdata"], trace["x"], strict=True))
    # An integer is at its tick.
    assert middles["8"] == 8
    assert sum(y for x, y in zip(trace["x"], trace["y"], strict=True) if x > 8.5) == 20
    assert plot.caption.startswith("Tokens of 40 documents, [CLS] and [SEP] included.")
    assert "50.0%, right of the line, are truncated." in plot.caption
    assert layout["xaxis"]["dtick"] % 1 == layout["yaxis"]["dtick"] % 1 == 0
    few = dataclasses.replace(report.sample, num_wordpieces=np.array([2000] + [6] * 99))
    plot = lengths.draw(dataclasses.replace(report, sample=few))
    assert plot.figure is not None
    assert plot.figure["data"][0]["customdata"][-1] == "9 to 2,002"
    one = dataclasses.replace(report.sample, num_wordpieces=np.array([6]))
    assert "Tokens of 1 document," in lengths.draw(dataclasses.replace(report, sample=one)).caption


@given(st.floats(1e-9, 1e12), st.booleans())
def test_ticks_are_few_and_their_labels_differ(maximum: float, integer: bool) -> None:
    layout = axis("x", maximum, integer=integer)
    step, form = layout["dtick"], layout["tickformat"]
    ticks = [format(n * step, form) for n in range(math.floor(maximum / step) + 1)]
    assert 1 <= len(ticks) <= 7
    assert len(set(ticks)) == len(ticks)
    assert all(float(t.replace(",", "")) == pytest.approx(n * step) for n, t in enumerate(ticks))
    assert not integer or (step >= 1 and all("." not in tick for tick in ticks))


@given(st.lists(st.floats(0, 500), min_size=1, max_size=9))
def test_the_speed_over_the_working_time_includes_all_tokens(ends: list[float]) -> None:
    parts = [made(number, 1e9 + end) for number, end in enumerate(ends)]
    work = activity.of_parts(parts)
    rates, waiting = speed.over_time(parts, work)
    assert rates.sum() * work.seconds / len(rates) == pytest.approx(100 * len(parts), rel=1e-4)
    assert np.logical_or(waiting == 0, np.isclose(waiting, 0.5)).all()


def test_the_speed_of_one_part_and_of_two_parts_with_a_pause() -> None:
    drawn = speed.draw([made(0, 1000.0)])
    assert drawn.figure is not None
    assert drawn.figure["data"][0]["y"] == pytest.approx([50] * 25)
    assert "left out" not in drawn.caption
    # Two calls, one an hour after the other.
    drawn = speed.draw([made(0, 1000.0), made(1, 4602.0)])
    assert drawn.figure is not None
    assert drawn.figure["data"][0]["x"][-1] == 4
    assert drawn.figure["data"][0]["y"] == pytest.approx([50] * 25)
    assert drawn.figure["layout"]["shapes"][0]["x0"] == 2
    assert (
        "A pause of 1:00:00, when no part was running, is left out at the thin line"
        in drawn.caption
    )
    without_seconds = dataclasses.replace(made(0), seconds={})
    assert speed.draw([without_seconds]).figure is None
    assert "have no durations" in speed.draw([without_seconds]).caption
    assert "No token is embedded" in speed.draw([made(0, tokens=0)]).caption
    assert bars.stages([without_seconds]).figure is None


def test_short_stages_have_more_digits() -> None:
    part = dataclasses.replace(made(0), seconds={"read_seconds": 0.0042, "write_seconds": 1.25})
    plot = bars.stages([part]).figure
    assert plot is not None
    assert list(plot["data"][0]["text"]) == ["0.004 s", "1.2 s"]


def test_the_speed_is_tokens_per_second_of_work(drawn: Path) -> None:
    report = facts.gather(str(drawn))
    apart = (made(0, 1000.0), made(1, 4602.0))
    report = dataclasses.replace(report, progress=Progress(apart, (), 2), counts=report.counts)
    tiles = {name: (value, more) for name, value, more in page._tiles(report)}
    assert tiles["speed"][1] == "tokens/s in 4.0 s of work"
    assert tiles["speed"][0] == f"{report.counts['num_tokens'] / 4:,.0f}"
    assert tiles["tokens"][1] == "with [CLS] and [SEP]"
    one = dataclasses.replace(report, progress=Progress(apart[:1], (), 1))
    assert {name: more for name, _, more in page._tiles(one)}["written"] == "in 1 part"


def test_a_job_with_one_document_has_captions_instead_of_plots(drawn: Path) -> None:
    report = facts.gather(str(drawn))
    report = dataclasses.replace(
        report, sample=made_sample(["a"]), progress=Progress((made(0),), (), 1)
    )
    undrawn = {plot.name: plot.caption for plot in figures.plots(report) if plot.figure is None}
    assert set(undrawn) == {"map", "unknown"}
