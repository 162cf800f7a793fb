"""Jobs in object stores take vectors too, as many as each worker can load."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from pipeline import reader
from pipeline.reusing import prepare_reuse
from tests.pipeline import object_stores
from tests.pipeline.reusing.moved_corpus import TEXTS, embed, reused, write

pytestmark = pytest.mark.slow


@pytest.fixture
def bucket() -> Iterator[str]:
    with object_stores.s3() as (host, port), pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        boto3.client("s3").create_bucket(Bucket="vectors")
        yield "s3://vectors"


def test_the_table_of_a_remote_job_has_a_limit(
    bucket: str, tiny_path: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "in", TEXTS, 2)
    embed(source, f"{bucket}/earlier", tiny_path)
    moved = write(tmp_path / "moved", TEXTS, 3, seed=1)
    reuse = f"{bucket}/earlier"
    assert reused(embed(moved, f"{bucket}/all", tiny_path, reuse=reuse)) == len(TEXTS)
    with pytest.MonkeyPatch.context() as patch:
        row = 16 + 2 * 16 * 4
        patch.setattr(prepare_reuse, "MAX_TABLE_BYTES", 40 * row)
        some = reused(embed(moved, f"{bucket}/some", tiny_path, reuse=reuse))
    assert 0 < some < len(TEXTS)
    assert f" parts of {reuse}: the others do not fit" in capfd.readouterr().err
    one, other = (reader.load_embeddings(f"{bucket}/{name}") for name in ("all", "some"))
    assert one.vectors.tobytes() == other.vectors.tobytes()
    keys = boto3.client("s3").list_objects_v2(Bucket="vectors")["Contents"]
    assert not [one["Key"] for one in keys if "/tmp/" in one["Key"]]
