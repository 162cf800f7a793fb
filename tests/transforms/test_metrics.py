import pytest

from transforms import metrics
from transforms.metrics import Stopwatch
from transforms.rejects import MAX_DETAIL, detail


def test_a_stopwatch_counts_sections_that_raised() -> None:
    watch = Stopwatch()
    with watch.section("a"):
        pass
    first = watch.seconds["a"]
    with pytest.raises(KeyError), watch.section("a"):
        raise KeyError
    assert watch.seconds["a"] >= first >= 0
    assert list(watch.seconds) == ["a"]


def test_details_are_one_short_printable_line() -> None:
    text = detail("\x1b[31mred\r\nline\u2028two\0" + "x" * 999)
    assert text.isprintable()
    assert len(text) == MAX_DETAIL
    assert text.startswith(" [31mred  line two x")


def test_sections_of_one_name_add_up_and_others_stay_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter([10.0, 10.5, 20.0, 27.0, 30.0, 30.25])
    monkeypatch.setattr(metrics.time, "perf_counter", lambda: next(moments))
    watch = Stopwatch()
    for name in ("a", "b", "a"):
        with watch.section(name):
            pass
    assert watch.seconds == {"a": 0.75, "b": 7.0}


def test_a_section_within_a_section_counts_in_both(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 1.0, 3.0, 10.0])
    monkeypatch.setattr(metrics.time, "perf_counter", lambda: next(moments))
    watch = Stopwatch()
    with watch.section("outer"), watch.section("inner"):
        pass
    assert watch.seconds == {"inner": 2.0, "outer": 10.0}


def test_no_two_counters_or_measures_share_a_name() -> None:
    names = [value for name, value in vars(metrics).items() if name.isupper()]
    assert "beam_bert" in names
    assert len(set(names)) == len(names)
