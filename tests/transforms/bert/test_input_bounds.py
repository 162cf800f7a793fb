"""No engine looks up a row that the model does not have."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.conftest import make_checkpoint
from transforms.bert import engines, loading, module
from transforms.bert.compute import ComputeConfig
from transforms.bert.engines import Engine
from transforms.bert.input_bounds import check_inputs
from transforms.bert.module import BertModule
from transforms.bert.module_engine import ModuleEngine
from transforms.bert.output_spec import OutputSpec
from transforms.checkpoints import importing

_IDS = np.array([[2, 5, 6, 3]], np.int32)
_SEGMENTS = np.zeros([1, 4], np.int32)


@pytest.fixture(scope="module")
def one_segment(tmp_path_factory: pytest.TempPathFactory) -> BertModule:
    path = tmp_path_factory.mktemp("models") / "one_segment"
    importing.write_module(make_checkpoint(segments=1), path)
    return module.inspect(path)


def _of_kind(name: str) -> Callable[[BertModule], Engine]:
    return lambda model: loading.load(model, OutputSpec(), ComputeConfig(name))


@pytest.fixture(scope="module", params=[*engines.names(), "module"])
def engine(request: pytest.FixtureRequest, one_segment: BertModule) -> Engine:
    if request.param == "module":
        return ModuleEngine(one_segment)
    kind = engines.find(request.param)
    if not kind.is_installed():
        pytest.skip(f"the extra [{kind.extra}] is not installed")
    return _of_kind(request.param)(one_segment)


@pytest.mark.parametrize(
    ("ids", "segments", "message"),
    [
        (_IDS + 24, _SEGMENTS, "input_ids has 26, the model has rows 0 to 23"),
        (_IDS - 3, _SEGMENTS, "input_ids has -1, the model has rows 0 to 23"),
        (_IDS, _SEGMENTS + 1, "segment_ids has 1, the model has rows 0 to 0"),
        (_IDS, _SEGMENTS - 1, "segment_ids has -1, the model has rows 0 to 0"),
        (
            np.full([1, 33], 5, np.int32),
            np.zeros([1, 33], np.int32),
            "an input has 33 positions, the model has 32",
        ),
    ],
)
def test_an_engine_refuses_what_is_outside_of_its_tables(
    engine: Engine, ids: np.ndarray, segments: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        engine.run(ids, np.ones_like(ids), segments)


def test_an_engine_accepts_the_bounds_themselves(engine: Engine) -> None:
    ids = np.arange(32, dtype=np.int32)[np.newaxis] % 24
    encoded = engine.run(ids, np.ones_like(ids), np.zeros_like(ids))
    assert encoded.sequence is not None
    assert np.isfinite(encoded.sequence).all()


def test_a_batch_without_tokens_is_within_bounds(one_segment: BertModule) -> None:
    nothing = np.zeros([0, 4], np.int32)
    check_inputs(one_segment.shape, nothing, nothing)


def test_pairs_are_refused_by_a_model_of_one_segment(one_segment: BertModule) -> None:
    one_segment.check_segments(pairs=False)
    with pytest.raises(ValueError, match="has 1 row, and pairs need 2: leave out `text_b_field`"):
        one_segment.check_segments(pairs=True)
