"""Receipts of parts that do not exist."""

from transforms.receipts import Receipt


def made(
    number: int,
    finished: float = 0.0,
    *,
    source: str = "a.txt",
    tokens: int = 100,
    unknown: int = 0,
) -> Receipt:
    """Return the receipt of a part with one document and two seconds, one of them waiting."""
    counts = {"documents": 1, "embedded": 1, "rejected": 0, "num_tokens": tokens}
    counts |= {"num_wordpieces": 50, "num_unknown": unknown, "truncated": 0, "pairs": 0}
    seconds = {"encode_seconds": 1.0, "wait_seconds": 1.0}
    place = (source, number, number + 1, True, f"key{number}", f"part{number}")
    return Receipt(*place, counts, {}, seconds, (), "worker", finished)
