"""Windows, slowly, one after the other."""


def cut_slowly(wordpieces: int, longest: int, stride: int) -> list[tuple[int, int]]:
    """Cut a document as google-research/bert `run_squad.py` describes: `[start, end)` of each."""
    windows, start = [], 0
    while True:
        windows.append((start, min(start + longest - 2, wordpieces)))
        if windows[-1][1] == wordpieces:
            return windows
        start += stride


def best_window(windows: list[tuple[int, int]], wordpiece: int) -> tuple[int, int]:
    """Find where a wordpiece has the most context, the earlier of two alike."""
    holding = [window for window in windows if window[0] <= wordpiece < window[1]]
    return max(holding, key=lambda window: min(wordpiece - window[0], window[1] - 1 - wordpiece))
