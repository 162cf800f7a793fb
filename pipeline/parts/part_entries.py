"""Read the parts of a large manifest a few at a time, in the layout of `manifest_text`."""

from collections.abc import Iterable, Iterator

# Line ends occur between values only: within strings they are escaped.
_SOURCES, _PARTS = b'\n "sources": {', b'\n "parts": ['
_BETWEEN, _END = b"\n  },", b"\n ]\n}"


def split_entries(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the fields before the sources as one JSON object, then the parts as JSON arrays.

    Args:
        blocks: the bytes of a manifest, in order.

    Raises:
        LookupError: the text has another layout.
        ValueError: it is truncated.
    """
    iterator = iter(blocks)
    head, rest = _until(_SOURCES, b"", iterator, is_kept=True)
    yield head.rstrip(b",") + b"}"
    _, rest = _until(_PARTS, rest, iterator)
    for block in iterator:
        rest += block
        end = rest.rfind(_BETWEEN)
        if end >= 0:
            yield b"[%b\n  }]" % rest[:end]
            rest = rest[end + len(_BETWEEN) :]
    if not rest.endswith(_END):
        raise ValueError("it is truncated")
    yield b"[%b]" % rest.removesuffix(_END)


def _until(
    mark: bytes, rest: bytes, blocks: Iterator[bytes], *, is_kept: bool = False
) -> tuple[bytes, bytes]:
    """Return the bytes before a mark, if they are kept, and those after it."""
    place = rest.find(mark)
    for block in blocks if place < 0 else ():
        rest = (rest if is_kept else rest[-len(mark) :]) + block
        place = rest.find(mark)
        if place >= 0:
            break
    if place < 0:
        raise LookupError(mark)
    return rest[:place], rest[place + len(mark) :]
