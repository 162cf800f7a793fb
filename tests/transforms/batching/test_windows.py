import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.windows_oracle import best_window, cut_slowly
from transforms.batching.windows import WindowConfig, count_windows, cut_windows


@settings(deadline=None, max_examples=300)
@given(st.lists(st.integers(0, 80), max_size=6), st.integers(3, 20), st.data())
def test_windows_are_those_of_a_slow_loop(
    documents: list[int], longest: int, data: st.DataObject
) -> None:
    stride = data.draw(st.integers(1, longest - 2))
    offsets = np.cumsum([0, *(wordpieces + 2 for wordpieces in documents)])
    windows = cut_windows(offsets, WindowConfig(longest, stride))
    expected, owners = [], []
    for number, wordpieces in enumerate(documents):
        for start, end in cut_slowly(wordpieces, longest, stride):
            expected.append((number, offsets[number] + start, end - start + 2))
            owners.append((number, start, end))
    rows = zip(windows.documents, windows.begins, windows.lengths, strict=True)
    assert [tuple(map(int, row)) for row in rows] == expected
    taken: dict[tuple[int, int], tuple[int, int]] = {}
    for place, (number, start, end) in enumerate(owners):
        for row in range(windows.kept_from[place], windows.kept_to[place]):
            token = (number, start + row)
            assert token not in taken
            taken[token] = (start, end)
    for number, wordpieces in enumerate(documents):
        cut = cut_slowly(wordpieces, longest, stride)
        assert taken.pop((number, 0)) == cut[0]
        assert taken.pop((number, wordpieces + 1)) == cut[-1]
        for wordpiece in range(wordpieces):
            assert taken.pop((number, wordpiece + 1)) == best_window(cut, wordpiece)
    assert not taken
    counts = count_windows(np.diff(offsets), WindowConfig(longest, stride))
    assert counts.tolist() == [len(cut_slowly(n, longest, stride)) for n in documents]
    firsts = [place for place, (_, start, _) in enumerate(owners) if start == 0]
    assert windows.firsts.tolist() == firsts


def test_without_a_stride_every_document_is_one_window() -> None:
    windows = cut_windows(np.array([0, 3, 500]), WindowConfig(128))
    assert windows.lengths.tolist() == [3, 497]
    assert (windows.kept_from.tolist(), windows.kept_to.tolist()) == ([0, 0], [3, 497])


def test_a_million_tokens_are_cut_at_once() -> None:
    windows = cut_windows(np.array([0, 1_000_002]), WindowConfig(128, 64))
    assert len(windows.lengths) == 1 + -(-(1_000_000 - 126) // 64)
    assert (windows.kept_to - windows.kept_from).sum() == 1_000_002


@pytest.mark.parametrize("stride", [-1, 127, 1000])
def test_a_stride_that_leaves_out_wordpieces_is_refused(stride: int) -> None:
    with pytest.raises(ValueError, match=f"`window_stride` is {stride}; give 1 to 126"):
        WindowConfig(128, stride)
    assert WindowConfig(128, 126).stride == 126


def test_windows_without_room_for_a_wordpiece_are_refused() -> None:
    for stride in (0, 1):
        with pytest.raises(ValueError, match="`max_seq_length` is 2"):
            WindowConfig(2, stride)
