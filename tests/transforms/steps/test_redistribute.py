import gzip
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to

from pipeline.inputs import plan
from pipeline.options.embed_config import InputConfig
from transforms.documents import header_of
from transforms.groups.read_split import read_unchanged
from transforms.read import ReadParts
from transforms.sources.base import ReadConfig
from transforms.steps.redistribute import RedistributeParts

CONFIG = ReadConfig(part_bytes=1024)


def described(part: pa.RecordBatch) -> tuple[str, int, int]:
    return header_of(part).name, part.num_rows, hash(tuple(map(str, part.to_pylist())))


def test_the_parts_are_those_of_their_splits_whoever_takes_them(tmp_path: Path) -> None:
    lines = "".join(f"line {number} of a text that goes on\n" for number in range(200)).encode()
    (tmp_path / "a.txt").write_bytes(lines)
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(lines, mtime=0))
    splits = plan.make_plan(InputConfig((str(tmp_path),), "auto", CONFIG))
    assert [split.is_one_part for split in splits] == [True] * (len(splits) - 1) + [False]
    expected = [
        described(part) for split in splits for part in read_unchanged(split, CONFIG, "run")
    ]
    assert len(expected) == 2 * (len(splits) - 1)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        parts = pipeline | beam.Create(splits) | RedistributeParts(ReadParts(CONFIG, "run"))
        assert parts.element_type is pa.RecordBatch
        assert_that(parts | beam.Map(described), equal_to(expected))
