import pytest

from transforms.features import POOLED_OUTPUT
from transforms.records.postprocess import Shaping
from transforms.records.record_config import RecordConfig
from transforms.vector_widths import VectorWidths

WIDTHS = VectorWidths(4, {"max": 6})


def test_each_feature_of_documents_has_its_width_and_tokens_the_hidden_size() -> None:
    records = RecordConfig(("mean", "max", "layers:-1,-2"), shaping=Shaping(5))
    assert records.widths("pooled", WIDTHS) == {"mean": 4, "max": 5}
    assert records.widths("sequence", WIDTHS) == {"layers": 8}


@pytest.mark.parametrize(
    ("features", "smallest", "largest"),
    [
        (["mean", "max"], 4, 6),
        (["max"], 6, 6),
        (["sequence_output"], 4, 4),
        ([POOLED_OUTPUT], 4, 4),
    ],
)
def test_the_extremes_are_those_of_requested_features(
    features: list[str], smallest: int, largest: int
) -> None:
    assert (WIDTHS.smallest(features), WIDTHS.largest(features)) == (smallest, largest)


def test_widths_can_be_a_key() -> None:
    assert len({WIDTHS, VectorWidths(4, {"max": 6}), VectorWidths(4)}) == 2
