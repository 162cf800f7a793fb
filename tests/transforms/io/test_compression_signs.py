import bz2
import gzip
import lzma
import struct
import zlib

import pytest
from backports import zstd

from transforms.io import compression_signs
from transforms.io.compression_signs import may_be_zlib, problem_of_zstd, sign_of

SKIPPABLE = b"\x5e\x2a\x4d\x18" + struct.pack("<I", 4) + b"abcd"
WINDOW_LOG = zstd.CompressionParameter.window_log


def frame(window: int) -> bytes:
    """Return the beginning of a frame with a window."""
    return b"\x28\xb5\x2f\xfd\0" + bytes([window]) + b"..."


@pytest.mark.parametrize("content", [b"", b"a line\n", b"\0" * 99_999])
def test_each_writer_is_recognized(content: bytes) -> None:
    assert sign_of(gzip.compress(content)) == "gzip"
    for level in (1, 9):
        assert sign_of(bz2.compress(content, level)) == "bzip2"
        assert sign_of(lzma.compress(content, preset=level)) == "xz"
        assert sign_of(lzma.compress(content, lzma.FORMAT_ALONE, preset=level)) == "xz"
        assert sign_of(zstd.compress(content, level)) == "zstd"
        assert may_be_zlib(zlib.compress(content, level))


@pytest.mark.parametrize(
    "text", [b"", b"BZh", b"BZh9 is a name", b"(\xb5", b"]", b"P*M", b"x^2", b"\x1f\x8b", b"xz"]
)
def test_text_is_not_taken_for_compressed(text: bytes) -> None:
    assert sign_of(text) is None


def test_frames_to_skip_are_skipped() -> None:
    packed = zstd.compress(b"a line\n")
    assert sign_of(SKIPPABLE * 3 + packed) == "zstd"
    assert sign_of(SKIPPABLE + b"\x04\x22\x4d\x18") is None
    long = b"\x50\x2a\x4d\x18" + struct.pack("<I", 10_000) + b"a" * 4000
    for head in (SKIPPABLE, long):
        assert sign_of(head) == "zstd"
        assert problem_of_zstd(head) is None


def test_a_window_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression_signs, "_memory", lambda: 1 << 40)
    assert problem_of_zstd(frame(21 << 3)) is None
    assert "needs a zstd window of 2,415,919,104 bytes, over 2 GiB" in str(
        problem_of_zstd(SKIPPABLE + frame(21 << 3 | 1))
    )
    monkeypatch.setattr(compression_signs, "_memory", lambda: 1 << 30)
    assert problem_of_zstd(frame(18 << 3)) is None
    assert problem_of_zstd(frame(17 << 3)) is None
    why = "needs a zstd window of 536,870,912 bytes, over a quarter of this machine's memory: "
    assert problem_of_zstd(frame(19 << 3)) == f"{why}zstd -d --long=31 uncompresses it"
    monkeypatch.setattr(compression_signs, "_memory", lambda: 0)
    assert problem_of_zstd(frame(17 << 3)) is None
    assert problem_of_zstd(b"a line\n") is None


def test_the_window_of_a_content_in_one_piece_is_its_size() -> None:
    for size in (1, 300, 70_000):
        packed = zstd.compress(b"a" * size)
        assert packed[4] & 0x20
        assert compression_signs._zstd_window(packed) == size
    for size, code in ((1 << 40, 3), (3 << 30, 2)):
        field = struct.pack("<Q" if code == 3 else "<I", size)
        head = b"\x28\xb5\x2f\xfd" + bytes([code << 6 | 0x20]) + field
        assert f"needs a zstd window of {size:,} bytes" in str(problem_of_zstd(head))
        assert problem_of_zstd(head[:-1]) is None


def test_the_limit_of_a_container_is_known() -> None:
    compression_signs._memory.cache_clear()
    assert 0 < compression_signs._memory() < 1 << 50


def test_a_dictionary_that_is_needed_is_named() -> None:
    samples = [b'{"id": %d, "text": "the cat sat on %d"}' % (n, n * n) for n in range(500)]
    dictionary = zstd.train_dict(samples, 2000)
    packed = zstd.compress(samples[0], zstd_dict=dictionary)
    expected = f"needs the zstd dictionary {dictionary.dict_id}: zstd -d -D DICTIONARY "
    assert problem_of_zstd(SKIPPABLE + packed) == f"{expected}uncompresses it"
