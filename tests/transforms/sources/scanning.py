"""Count what readers scan: the bytes and characters that streams and parsers are given."""

import codecs
import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

import google_crc32c
import orjson
import pytest

from transforms.sources import json_values, jsonl, text, tfrecord
from transforms.sources.dialect import Dialect


class Scanned:
    """Counts in `total` while its patches are in place."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.total = 0
        for module, name in (
            *((orjson, "loads"), (json, "loads"), (jsonl, "_stripped"), (text, "decode_utf8")),
            *((google_crc32c, "value"), (google_crc32c, "extend"), (tfrecord, "_features")),
        ):
            patch.setattr(module, name, self._counting(getattr(module, name)))
        pattern = CountedPattern(self, json_values._NO_SHORT_FLOAT)
        patch.setattr(json_values, "_NO_SHORT_FLOAT", pattern)
        for name in ("split", "prepare"):
            patch.setattr(Dialect, name, self._counting(getattr(Dialect, name)))
        reader = csv.reader
        patch.setattr(csv, "reader", lambda lines, **how: reader(self._each(lines), **how))
        decoder = codecs.getincrementaldecoder
        patch.setattr(
            codecs,
            "getincrementaldecoder",
            lambda encoding: lambda errors: CountedDecoder(self, decoder(encoding)(errors)),
        )

    def _counting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **how: Any) -> Any:
            data = args[-1]
            self.total += data.nbytes if hasattr(data, "nbytes") else len(data)
            return function(*args, **how)

        return counted

    def _each(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self.total += len(line)
            yield line

    def stream(self, data: bytes) -> BinaryIO:
        """Return a stream; what is read from it counts, and slices of that count again."""
        return CountedStream(self, data)


class CountedStream(io.BytesIO):
    def __init__(self, scanned: Scanned, data: bytes) -> None:
        super().__init__(data)
        self._scanned = scanned

    def read(self, size: int | None = -1) -> bytes:
        return CountedBytes.of(self._scanned, super().read(size))


class CountedBytes(bytes):
    scanned: Scanned

    @classmethod
    def of(cls, scanned: Scanned, data: bytes) -> "CountedBytes":
        counted = cls(data)
        counted.scanned = scanned
        scanned.total += len(data)
        return counted

    def __getitem__(self, key: Any) -> Any:
        piece = super().__getitem__(key)
        return self.of(self.scanned, piece) if isinstance(key, slice) else piece

    def find(self, *args: Any) -> int:
        place = super().find(*args)
        self.scanned.total += len(self) if place < 0 else place
        return place


class CountedText(str):
    scanned: Scanned

    def encode(self, *args: Any) -> bytes:
        return CountedBytes.of(self.scanned, super().encode(*args))


class CountedPattern:
    """A regular expression that counts the text that it is given."""

    def __init__(self, scanned: Scanned, pattern: Any) -> None:
        self._scanned, self._pattern = scanned, pattern

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return self._scanned._counting(getattr(self._pattern, name))


class CountedDecoder:
    """A decoder that counts what it decodes, what it has held back included."""

    def __init__(self, scanned: Scanned, decoder: Any) -> None:
        self._scanned, self._decoder = scanned, decoder
        self.getstate = decoder.getstate

    def decode(self, data: bytes, final: bool = False) -> str:
        self._scanned.total += len(self.getstate()[0]) + len(data)
        decoded = CountedText(self._decoder.decode(data, final))
        decoded.scanned = self._scanned
        return decoded
