import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.dedup.repeat_table import DIGEST
from transforms.reuse import digest_files

DIGESTS = st.lists(st.binary(min_size=16, max_size=16), max_size=4)
ONE, OTHER = (hashlib.sha256(content).hexdigest() for content in (b"one", b"other"))


@given(DIGESTS)
def test_digests_are_read_as_they_were_written(rows: list[bytes]) -> None:
    digests = np.frombuffer(b"".join(rows), DIGEST)
    content = digest_files.serialize(digests, ONE)
    assert len(content) == digest_files.size(len(rows))
    assert digest_files.parse(content, ONE).tobytes() == digests.tobytes()


@given(DIGESTS, st.data())
def test_a_file_with_another_byte_is_refused(rows: list[bytes], data: st.DataObject) -> None:
    content = bytearray(digest_files.serialize(np.frombuffer(b"".join(rows), DIGEST), ONE))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match="not the digests"):
        digest_files.parse(bytes(content), ONE)


@pytest.mark.parametrize("length", [0, 31, 47])
def test_a_shorter_file_is_refused(length: int) -> None:
    content = digest_files.serialize(np.zeros(1, DIGEST), ONE)[:length]
    with pytest.raises(ValueError, match="not the digests"):
        digest_files.parse(content, ONE)


def test_the_digests_of_another_file_are_refused() -> None:
    content = digest_files.serialize(np.zeros(1, DIGEST), OTHER)
    with pytest.raises(ValueError, match="not the digests"):
        digest_files.parse(content, ONE)
