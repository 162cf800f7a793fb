from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.pipeline.verify.damaging import check, first, rewrite, values


@pytest.mark.slow
def test_features_that_are_not_finite_or_too_short_are_reported_and_invalidate_nothing(
    out: Path,
) -> None:
    pooled, sequence = first(out, "pooled/rows*"), first(out, "sequence/rows*")

    def damage(records: list[Any]) -> None:
        values(records[3], "mean")[2] = np.nan
        values(records[5], "mean")[0] = -np.inf
        del values(records[4], "pooled_output")[15:]

    def damage_tokens(records: list[Any]) -> None:
        values(records[2], "offsets").append(7)
        values(records[0], "sequence_output")[-1] = np.inf

    rewrite(out, pooled, damage)
    rewrite(out, sequence, damage_tokens)
    verdict = check(out)
    assert sorted(verdict.faults) == [
        f"pooled/{pooled.name}: mean of '3' (and of 1 more documents) is not finite",
        f"pooled/{pooled.name}: pooled_output of '4' has 15 values, not 16",
        f"sequence/{pooled.name}: offsets of '2' has 11 values, not 10",
        f"sequence/{pooled.name}: sequence_output of '0' is not finite",
    ]
    assert (verdict.invalidated, verdict.remedy) == ((), "")
    assert (out / "manifest.json").exists()
