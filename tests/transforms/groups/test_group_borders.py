"""The borders between groups of small files: within their limits, and stable."""

import itertools
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.documents import Source, Split
from transforms.groups import group_borders
from transforms.groups.grouping import split_of_file

LIMIT = 1000

files = st.lists(
    st.tuples(st.integers(0, 10**6), st.sampled_from([0, 1, 9, 40, 62, 700, 2000])),
    unique_by=lambda file: file[0],
    max_size=120,
).map(lambda made: [source(number, size) for number, size in sorted(made)])


def source(number: int, size: int) -> Source:
    return Source(f"in/{number:09d}.txt", size, "1", "text")


def groups_of(made: Sequence[Source]) -> list[list[str]]:
    return [[split.source.path for split in group] for group in divided(made)]


def divided(made: Sequence[Source]) -> list[list[Split]]:
    return list(group_borders.divide(map(split_of_file, made), LIMIT))


@given(files, st.sampled_from([3, 4096]))
def test_groups_are_within_the_limits_and_nearly_full(made: list[Source], most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(group_borders, "MOST_FILES", most)
        groups = [[split.source for split in group] for group in divided(made)]
    assert list(itertools.chain.from_iterable(groups)) == made
    for group, following in itertools.pairwise([*groups, []]):
        stored = sum(file.size for file in group)
        assert len(group) == 1 or (stored <= LIMIT and len(group) <= most)
        if following:
            more = stored + following[0].size > LIMIT or len(group) == most
            assert more or stored >= 0.75 * LIMIT or len(group) >= 0.75 * most


def test_files_are_read_as_they_are_needed() -> None:
    read = []

    def files_read() -> Iterator[Split]:
        for number in range(1000):
            read.append(number)
            yield split_of_file(source(number, 62))

    for count, group in enumerate(group_borders.divide(files_read(), LIMIT)):
        assert len(read) <= (count + 1) * LIMIT / 62 + 1
        assert group


@given(files, st.integers(0, 10**6), st.sampled_from([1, 62]))
def test_groups_are_the_former_ones_from_the_first_common_border_on(
    made: list[Source], number: int, size: int
) -> None:
    added = source(number, size)
    if added.path in {file.path for file in made}:
        return
    before, now = groups_of(made), groups_of(sorted([*made, added], key=lambda file: file.path))
    begins = {group[0] for group in before}
    later = itertools.dropwhile(lambda group: group[0] not in begins or group[0] <= added.path, now)
    rest = list(later)
    assert rest == (before[-len(rest) :] if rest else [])


@pytest.mark.parametrize("size", [20, 40, 62])
def test_a_file_among_many_of_one_size_moves_few_borders(size: int) -> None:
    made = [source(10 * number, size) for number in range(1500)]
    before = groups_of(made)
    changed = []
    for number in range(5, 15_000, 1500):
        now = groups_of(sorted([*made, source(number, size)], key=lambda file: file.path))
        changed.append(len([group for group in now if group not in before]))
    # Filled up to the limit, half of the groups would be others.
    assert sum(changed) / len(changed) < len(before) / 8
    assert len(before) < 1.2 * 1500 * size / LIMIT
