import pytest

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
