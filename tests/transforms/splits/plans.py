"""Plans that hypothesis draws: all kinds of splits, also such as no job makes."""

from hypothesis import strategies as st

from transforms.documents import Source, Split

_NUMBERS = st.integers(0, 2**63 - 1) | st.integers(0, 20)
SOURCES = st.builds(
    Source,
    path=st.sampled_from(["a", "b/c", "ü\n\0"]) | st.text(),
    size=_NUMBERS,
    version=st.sampled_from(["1.5", "2"]) | st.text(),
    format=st.sampled_from(["text", "jsonl", "files"]) | st.text(),
    compression=st.sampled_from(["none", "gzip"]) | st.text(),
    whole=st.booleans(),
    location=st.just("") | st.text(),
)
_MEMBERS = st.builds(Source, st.text(), st.integers(0, 9), st.text(), st.text(), st.text())


@st.composite
def draw_split(draw: st.DrawFn, sources: st.SearchStrategy[Source] = SOURCES) -> Split:
    """Draw a split whose line can be read."""
    source, start = draw(sources), draw(_NUMBERS)
    members = draw(st.just(()) | st.lists(_MEMBERS, max_size=3).map(tuple))
    if members:
        size = sum(member.size for member in members)
        source = Source(source.path, size, source.version, source.format, source.compression)
    end = draw(st.none() | st.integers(start, 2**63 - 1))
    stored = draw(st.none() | _NUMBERS)
    return Split(source, start, end, stored, members, draw(st.just("") | st.text()))


@st.composite
def draw_plan(draw: st.DrawFn) -> list[Split]:
    """Draw a plan; its splits share a few files."""
    sources = draw(st.lists(SOURCES, min_size=1, max_size=3))
    return draw(st.lists(draw_split(st.sampled_from(sources)), max_size=12))
