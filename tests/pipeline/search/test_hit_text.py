import datetime

from pipeline.search import hit_text
from pipeline.search.searcher import Hit


def test_a_hit_is_a_line_and_its_text_another() -> None:
    day = datetime.date(2024, 1, 2)
    hits = [
        Hit("a\x1b[31m", 0.91234, {"k": None, "day": day, "text": "One\n two " + "x" * 500}),
        Hit("b", -0.5, {"text": None}),
    ]
    first, text, second = hit_text.to_lines(hits)
    assert first == "   1  0.9123  a\\u001b[31m  k=None  day=2024-01-02"
    assert second == "   2  -0.5000  b"
    assert text.startswith(" " * 14 + "One two xxx")
    assert (len(text), text[-1]) == (14 + 160, "…")
