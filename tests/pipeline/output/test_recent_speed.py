import pytest

from pipeline.output.recent_speed import WINDOW, RecentSpeed


def test_only_the_last_ten_minutes_count() -> None:
    speed = RecentSpeed()
    assert speed.add(0, 1000) is None
    for minute in range(1, 30):
        assert speed.add(60 * minute, 1000 + 600 * minute) == pytest.approx(10)
    begin, done = 60 * 29, 1000 + 600 * 29
    for minute in range(1, 12):
        measured = speed.add(begin + 60 * minute, done + 1200 * minute)
    assert WINDOW == 600
    assert measured == pytest.approx(20)


def test_a_part_that_failed_and_begins_again_gives_no_negative_speed() -> None:
    speed = RecentSpeed()
    speed.add(0, 0)
    assert speed.add(1, 500) == 500
    assert speed.add(2, 0) is None
