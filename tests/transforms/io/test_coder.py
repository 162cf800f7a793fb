from pathlib import Path

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that
from apache_beam.transforms.window import GlobalWindow, GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from tests.transforms.parts import make_part
from transforms.documents import header_of
from transforms.io import coder


def test_parts_come_back_with_their_header() -> None:
    for part in (make_part(["one", None]), make_part([])):
        back = coder.from_bytes(coder.to_bytes(part))
        assert back.equals(part)
        assert header_of(back) == header_of(part)


def test_beam_uses_it_for_parts() -> None:
    assert isinstance(beam.coders.registry.get_coder(pa.RecordBatch), coder.PartCoder)
    part = make_part(["one"] * 1000)
    assert coder.PartCoder().estimate_size(part) == part.nbytes


def test_beam_measures_a_part_of_more_than_two_gigabytes(tmp_path: Path) -> None:
    # A sparse file takes neither disk nor memory.
    values = np.memmap(tmp_path / "values", np.int8, "w+", shape=(3 << 30,))
    column = pa.Array.from_buffers(pa.int8(), len(values), [None, pa.py_buffer(values)])
    part = pa.record_batch({"values": column})
    measured = beam.coders.WindowedValueCoder(coder.PartCoder(), GlobalWindows().get_window_coder())
    value = WindowedValue(part, 0, [GlobalWindow()])
    size, _ = measured.get_impl().get_estimated_size_and_observables(value)
    assert 1 << 30 <= size < 1 << 31


def test_parts_survive_a_shuffle() -> None:
    part = make_part(["one", None, "three"])

    def check(actual: list[pa.RecordBatch]) -> None:
        assert [header_of(batch) for batch in actual] == [header_of(part)]
        assert actual[0].equals(part)

    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        assert_that(pipeline | beam.Create([part]) | beam.Reshuffle(), check)
