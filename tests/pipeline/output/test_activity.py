"""The time in which a job ran, without the pauses between two calls."""

import dataclasses

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline import status
from pipeline.output import activity
from tests.pipeline.report.receipts import made

spans = st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda s: (s[0], s[0] + s[1]))


def worked_seconds(intervals: list[tuple[int, int]], pause: int) -> list[bool]:
    """Return for each second whether it has work, or is within a pause that is too short."""
    at_work = [any(low <= s < high for low, high in intervals) for s in range(100)]
    ends = {end for pair in intervals for end in pair}
    touched = [at_work[s] or (s > 0 and at_work[s - 1]) or s in ends for s in range(100)]
    seconds = list(at_work)
    for low in range(100):
        for high in range(low + 1, min(99, low + pause) + 1):
            if touched[low] and touched[high]:
                seconds[low:high] = [True] * (high - low)
    return seconds


@given(st.lists(spans, max_size=8), st.integers(0, 9))
def test_joined_time_is_that_of_a_count_by_seconds(
    intervals: list[tuple[int, int]], pause: int
) -> None:
    pairs = np.array(intervals, np.float64).reshape(-1, 2)
    joined = activity.join(pairs[:, 0], pairs[:, 1], pause)
    seconds = worked_seconds(intervals, pause)
    assert joined.seconds == sum(seconds)
    clock = joined.clock(np.arange(100.0))
    np.testing.assert_array_equal(clock, np.cumsum([0, *seconds])[:-1])
    assert len(joined.pauses) == len(joined.cuts) == max(0, len(joined.starts) - 1)
    assert (joined.pauses > pause).all()
    if intervals:
        whole = max(high for _, high in intervals) - min(low for low, _ in intervals)
        assert joined.seconds + joined.pauses.sum() == whole
        np.testing.assert_array_equal(joined.cuts, joined.clock(joined.starts[1:]))


def test_the_speed_of_a_resumed_job_is_that_of_its_work() -> None:
    # Two seconds each; the second call came five minutes after the first.
    parts = [made(0, 1000.0), made(1, 1002.0), made(2, 1302.0), made(3, 1304.0)]
    assert activity.of_parts(parts).seconds == 8.0
    assert status.tokens_per_second(parts) == 400 / 8
    # Of parts at once, the time counts once.
    assert status.tokens_per_second([made(0, 1000.0), made(1, 1001.0)]) == 200 / 3
    # Parts before the last ten minutes do not count.
    later = [*parts[:2], made(2, 1802.0), made(3, 1804.0)]
    assert status.tokens_per_second(later) == 200 / 4
    assert status.tokens_per_second([]) is None
    assert status.tokens_per_second([dataclasses.replace(parts[0], seconds={})]) is None


def test_the_moment_between_two_parts_of_a_call_is_work() -> None:
    parts = [made(0, 1000.0), made(1, 1003.0)]
    assert activity.of_parts(parts).seconds == 5.0
    assert activity.of_parts(parts).starts.tolist() == [998.0]
