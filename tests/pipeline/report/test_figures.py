"""The plots: their numbers and their captions."""

import collections
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.manifest import Progress
from pipeline.output import activity
from pipeline.report import (
    axes,
    bars,
    document_groups,
    documents_map,
    facts,
    figures,
    lengths,
    page,
    sample,
    speed,
    take_sample,
)
from pipeline.report.file_names import shorten_paths
from pipeline.report.plot import Bar, Bars, Columns, Points
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
    assert drawn.chart == Bars(
        [
            Bar("more.txt", "more.txt", 1.0, "80.00%"),
            Bar("de/data.txt", "de/data.txt", 0.5, "40.00%"),
            # A bar of length 0 has a value too.
            Bar("en/data.txt", "en/data.txt", 0.0, "0%"),
        ]
    )
    points = documents_map.draw(made_sample(paths), names).chart
    assert isinstance(points, Points)
    assert points.legend == {0: "de/data.txt", 1: "more.txt", 2: "en/data.txt"}
    assert {point.group for point in points.points} == {0, 1, 2}
    assert {point.id for point in points.points} == {'id "0"', 'id "1"', 'id "2"'}
    assert {point.words for point in points.points} == {"the 'cat' sat"}


def test_more_values_than_colors_are_grouped_as_other() -> None:
    languages = [f"l{number:02}" for number in range(40) for _ in range(number + 1)]
    titles = tuple(f"title {number}" for number in range(len(languages)))
    sources = ["a"] * len(languages)
    made = made_sample(sources, title=titles, language=tuple(languages))
    grouped = document_groups.choose(made, {})
    assert grouped.criterion == "field language"
    assert list(grouped.names) == list(range(8))
    assert list(grouped.names.values()) == [*(f"l{n}" for n in range(33, 40)), "other (33)"]
    assert collections.Counter(grouped.of_documents)[document_groups.OTHER] == sum(range(34))
    # A field with a value of its own for each document says nothing.
    assert document_groups.choose(made_sample(["a"] * 9, title=titles[:9]), {}).criterion == ""
    assert (
        document_groups.choose(made_sample(["a"] * 8, title=titles[:8]), {}).criterion
        == "field title"
    )


def test_the_first_of_the_kept_fields_in_their_order_decides() -> None:
    one = made_sample(["f"] * 2, topic=("tea", "bread"), at=("1", "2"))
    joined = sample.join([one, made_sample(["f"], topic=("tea",))])
    assert joined.kept == {"topic": ("tea", "bread", "tea"), "at": ("1", "2", "")}
    assert document_groups.choose(joined, {}).criterion == "field topic"


def test_documents_without_a_value_have_no_color() -> None:
    grouped = document_groups.choose(made_sample(["a"] * 4, language=("", "en", "", "de")), {})
    assert grouped.names == {0: "de", 1: "en", document_groups.NONE: "(none)"}
    assert grouped.of_documents == [document_groups.NONE, 1, document_groups.NONE, 0]


@given(st.lists(st.sampled_from(["", *(f"l{n}" for n in range(12))]), min_size=2, max_size=60))
def test_every_document_has_a_group_of_the_legend(values: list[str]) -> None:
    grouped = document_groups.choose(made_sample(["a"] * len(values), language=tuple(values)), {})
    if not grouped.criterion:
        assert grouped.of_documents == [0] * len(values)
        return
    assert set(grouped.of_documents) == set(grouped.names)
    by_value = dict(zip(values, grouped.of_documents, strict=True))
    colored = [number for number in by_value.values() if number < document_groups.OTHER]
    assert len(colored) == len(set(colored))


def test_no_group_covers_the_others() -> None:
    sources = ["a"] * 200 + ["b"] * 200
    points = documents_map.draw(made_sample(sources), {"a": "a", "b": "b"}).chart
    assert isinstance(points, Points)
    first = [point.group for point in points.points[:200]]
    assert 60 < sum(first) < 140
    assert documents_map.draw(made_sample(sources), {"a": "a", "b": "b"}).chart == points


@given(st.lists(st.tuples(*[st.floats(-5, 5, width=32)] * 2), min_size=2, max_size=20))
def test_points_are_inside_and_a_unit_has_one_length(places: list[tuple[float, float]]) -> None:
    plane = np.array(places, np.float32)
    shares, ratio = documents_map._fit(plane)
    assert ((shares >= 0) & (shares <= 1)).all()
    assert 1 / 1.95 < ratio < 1.95
    drawn = shares * [ratio, -1]
    one, other = np.ptp(drawn, axis=0)
    wide, high = np.ptp(plane.astype(np.float64), axis=0)
    assert one * high == pytest.approx(other * wide, abs=1e-3 * max(wide, high, 1e-3))


@pytest.mark.parametrize("letter", ["a", "é", "猫", "क", "\U0001f431", "\u202e"])
def test_a_full_sample_of_any_script_is_below_two_megabytes(letter: str) -> None:
    one = documents_map._text(letter * 100, letter * 90)
    assert sum(len(text.encode()) for text in one) <= 240
    # With the markup of a point.
    point = '<use href="#s0" class="c0" x="12.34%" y="12.34%" data-id="" data-tip=""/>'
    assert take_sample.MAX_DOCUMENTS * (240 + len(point)) < 1_700_000


def test_a_caption_replaces_the_bars_if_no_wordpiece_is_unknown() -> None:
    drawn = bars.unknown(Progress((made(0),), (), 1), {"a.txt": "a.txt"})
    assert drawn is not None
    assert drawn.chart is None
    assert drawn.caption.startswith("No file has a wordpiece that is [UNK]")


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=50), st.integers(3, 512))
def test_the_line_separates_truncated_documents(numbers: list[int], limit: int) -> None:
    values = np.array(numbers) + 2
    scale = lengths.choose_scale(values, limit)
    edges = scale.edges
    assert (np.diff(edges) > 0).all()
    assert len(edges) <= 64
    counts, _ = np.histogram(values, edges)
    assert counts.sum() == len(values)
    places = scale.places(edges)
    assert (places[0], places[-1]) == (0, 1)
    if limit < 2 * values.max():
        assert limit + 1 in edges
        assert counts[edges[:-1] > limit].sum() == (values > limit).sum()


@given(st.integers(3, 100), st.integers(101, 100_000), st.integers(3, 512))
def test_most_documents_do_not_share_a_corner(median: int, longest: int, limit: int) -> None:
    values = np.array([median - 1, median, median, median + 1, longest])
    scale = lengths.choose_scale(values, limit)
    shown = [limit + 1, longest] if limit < 2 * longest else [longest]
    assert scale.is_logarithmic == (max(shown) > 6 * median)
    assert scale.is_logarithmic or scale.places(np.array(median)) > 0.12


@pytest.mark.slow
def test_a_document_with_exactly_the_limit_is_left_of_the_line(drawn: Path) -> None:
    report = facts.gather(str(drawn))
    numbers = np.array([5, 6, 7, 10] * 10)
    report = dataclasses.replace(
        report, sample=dataclasses.replace(report.sample, num_wordpieces=numbers)
    )
    plot = lengths.draw(report)
    assert isinstance(plot.chart, Columns)
    (panel,), (line,) = plot.chart.panels, plot.chart.lines
    assert line.label == "max_seq_length 8"
    ends = {column.tip: column.left + column.width for column in panel.columns}
    assert ends["8 tokens: 10 documents"] == pytest.approx(line.place)
    right = [column.tip for column in panel.columns if column.left >= line.place - 1e-9]
    assert [tip for tip in right if "0 documents" not in tip.replace("10 doc", "")] == [
        *("9 tokens: 10 documents", "12 tokens: 10 documents")
    ]
    # The tick of an integer is at the middle of its bar.
    (eight,) = [column for column in panel.columns if column.tip.startswith("8 tokens")]
    tick = next(tick for tick in plot.chart.ticks if tick.label in ("8", "5", "10"))
    middle = eight.left + eight.width / 2 + (int(tick.label) - 8) * eight.width
    assert tick.place == pytest.approx(middle)
    assert plot.caption.startswith("Tokens of 40 documents, [CLS] and [SEP] included.")
    assert "50.0%, right of the line, are truncated." in plot.caption
    few = dataclasses.replace(report.sample, num_wordpieces=np.array([2000] + [6] * 99))
    plot = lengths.draw(dataclasses.replace(report, sample=few))
    assert isinstance(plot.chart, Columns)
    assert "2,002 tokens: 1 document" in plot.chart.panels[0].columns[-1].tip
    assert "The axis is logarithmic." in plot.caption
    one = dataclasses.replace(report.sample, num_wordpieces=np.array([1]))
    plot = lengths.draw(dataclasses.replace(report, sample=one))
    assert "Tokens of 1 document," in plot.caption
    # The limit is far beyond.
    assert "0.0%, longer than that, are truncated" in plot.caption


@given(st.floats(1e-9, 1e12), st.booleans())
def test_ticks_are_few_and_their_labels_differ(maximum: float, integer: bool) -> None:
    drawn = axes.ticks(0, maximum, integer=integer)
    assert 1 <= len(drawn) <= 6
    assert len({tick.label for tick in drawn}) == len(drawn)
    for tick in drawn:
        assert 0 <= tick.place <= 1 + 1e-9
        assert float(tick.label.replace(",", "")) == pytest.approx(tick.place * maximum)
    assert not integer or all("." not in tick.label for tick in drawn)


@given(st.integers(1, 100), st.integers(2, 10_000_000))
def test_logarithmic_ticks_are_few_and_at_their_values(low: int, ratio: int) -> None:
    drawn = axes.logarithmic_ticks(low, low * ratio)
    assert len(drawn) <= 10
    for tick in drawn:
        value = int(tick.label.replace(",", ""))
        assert low * ratio**tick.place == pytest.approx(value)


@given(st.lists(st.floats(0, 500), min_size=1, max_size=9))
def test_the_speed_over_the_working_time_includes_all_tokens(ends: list[float]) -> None:
    parts = [made(number, 1e9 + end) for number, end in enumerate(ends)]
    work = activity.of_parts(parts)
    rates, waiting = speed.over_time(parts, work)
    assert rates.sum() * work.seconds / len(rates) == pytest.approx(100 * len(parts), rel=1e-4)
    assert np.logical_or(waiting == 0, np.isclose(waiting, 0.5)).all()


def tips(chart: Columns) -> set[str]:
    """Return the values of all columns."""
    return {column.tip.partition(": ")[2] for panel in chart.panels for column in panel.columns}


def test_the_speed_of_one_part_and_of_two_parts_with_a_pause() -> None:
    drawn = speed.draw([made(0, 1000.0)])
    assert isinstance(drawn.chart, Columns)
    assert tips(drawn.chart) == {"50 tokens/s", "50% waiting"}
    assert "left out" not in drawn.caption
    # Two calls, one an hour after the other.
    drawn = speed.draw([made(0, 1000.0), made(1, 4602.0)])
    assert isinstance(drawn.chart, Columns)
    assert tips(drawn.chart) == {"50 tokens/s", "50% waiting"}
    assert drawn.chart.panels[0].columns[-1].tip.startswith("3.8 to 4.0 seconds: ")
    assert [line.place for line in drawn.chart.lines] == [0.5]
    assert (
        "A pause of 1:00:00, when no part was running, is left out at the thin line"
        in drawn.caption
    )
    without_seconds = dataclasses.replace(made(0), seconds={})
    assert speed.draw([without_seconds]).chart is None
    assert "have no durations" in speed.draw([without_seconds]).caption
    assert "No token is embedded" in speed.draw([made(0, tokens=0)]).caption
    assert bars.stages([without_seconds]).chart is None


def test_short_stages_have_more_digits() -> None:
    part = dataclasses.replace(made(0), seconds={"read_seconds": 0.0042, "write_seconds": 1.25})
    chart = bars.stages([part]).chart
    assert isinstance(chart, Bars)
    assert [bar.text for bar in chart.bars] == ["0.004 s", "1.2 s"]


def test_the_speed_is_tokens_per_second_of_work(drawn: Path) -> None:
    report = facts.gather(str(drawn))
    apart = (made(0, 1000.0), made(1, 4602.0))
    report = dataclasses.replace(report, progress=Progress(apart, (), 2), counts=report.counts)
    assert len(page._tiles(report)) == 8
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
    undrawn = {plot.name: plot.caption for plot in figures.plots(report) if plot.chart is None}
    assert set(undrawn) == {"map", "unknown"}
