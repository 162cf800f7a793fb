"""Receipts of all kinds, drawn by hypothesis."""

from hypothesis import strategies as st

from transforms.documents import Source, part_key
from transforms.receipts import MEMBER_COUNTS, Member, Receipt, WrittenFile

RUN = "run"
SOURCES = [
    *(Source(f"in/{name}.txt", 40, version, "text") for name in "ab" for version in "12"),
    Source('odd "ü\u2028".gz', 9, "1", "text", "gzip"),
]
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_HASHES = st.sampled_from(["ab" * 32, "AB" * 32, "", "0" * 63, "ß"])
_BIG = st.one_of(st.integers(0, 9), st.just(2**60))


@st.composite
def receipts(draw: st.DrawFn, sources: list[Source] = SOURCES) -> Receipt:
    """Draw a receipt, whose key may be that of another run."""
    source = draw(st.sampled_from(sources))
    start = draw(st.integers(0, 4)) * 10
    end = start + draw(st.integers(0, 2)) * 10
    key = part_key(source, start, end, draw(st.sampled_from([RUN, RUN, RUN, "other"])))
    has_rows = draw(st.booleans())
    members = draw(st.lists(_members(has_rows), max_size=2, unique_by=lambda one: one.path))
    counts, reasons = _sums(members) if members else draw(_counts(has_rows))
    name = draw(st.sampled_from([key[:8], f"{source.path.rpartition('/')[2]}-{start}-{key[:8]}"]))
    return Receipt(
        source=source.path,
        start=start,
        end=end,
        last=draw(st.booleans()),
        key=key,
        name=name,
        counts=counts,
        reasons=reasons,
        seconds=draw(st.dictionaries(st.sampled_from(["read", "wait"]), st.floats(0, 1e6))),
        files=tuple(draw(st.lists(_files(name), max_size=3))),
        worker=draw(_TEXTS),
        finished=draw(st.floats(0, 1e9)),
        members=tuple(members),
        machine=draw(_TEXTS),
        documents_sha256=draw(_HASHES),
    )


@st.composite
def _counts(draw: st.DrawFn, has_rows: bool) -> tuple[dict[str, int], dict[str, int]]:
    embedded = draw(_BIG)
    reasons = draw(st.dictionaries(st.sampled_from(["empty", "unreadable", "%s"]), _BIG))
    rows = embedded + sum(reasons.values())
    documents = draw(st.integers(min(1, rows), rows)) if has_rows else rows
    counts = {"documents": documents, "embedded": embedded, "rejected": sum(reasons.values())}
    if has_rows:
        counts["rows"] = rows
    others = draw(st.dictionaries(st.sampled_from(["num_tokens", "pairs", "50%"]), _BIG))
    return counts | others, reasons


@st.composite
def _members(draw: st.DrawFn, has_rows: bool) -> Member:
    embedded, rejected = draw(st.integers(0, 5)), draw(st.integers(0, 2))
    counts = [draw(st.integers(0, 9)) for _ in MEMBER_COUNTS[3:]]
    return Member(
        draw(st.sampled_from(["in/x", "in/y"])),
        (embedded + rejected, embedded, rejected, *counts),
        {"empty": rejected} if rejected else {},
        embedded + rejected if has_rows else None,
    )


def _sums(members: list[Member]) -> tuple[dict[str, int], dict[str, int]]:
    counts: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for member in members:
        for sums, one in ((counts, member.named_counts), (reasons, member.reasons)):
            for name, value in one.items():
                sums[name] = sums.get(name, 0) + value
    return counts, reasons


@st.composite
def _files(draw: st.DrawFn, name: str) -> WrittenFile:
    paths = [f"pooled/{name}.tfrecord", f"rejected/{name}.jsonl", f"{name}", "other/\0", "x"]
    return WrittenFile(draw(st.sampled_from(paths)), draw(_BIG), draw(_BIG), draw(_HASHES))
