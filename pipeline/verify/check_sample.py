"""Check a sample of a job's vectors against the model, within a tolerance."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from pipeline.console import quiet
from pipeline.output.layout import TRANSFORM_FN
from pipeline.output.open_job import Job
from pipeline.output.read_records import Layout
from pipeline.verify.verdict import Drift, SampleResult
from transforms import metrics
from transforms.features import FLOAT32
from transforms.receipts import Receipt

NOT_SAMPLED = SampleResult(
    not_checked=(
        "that the vectors are the model's: --sample N embeds N documents again",
        "that the sources still exist and are unchanged",
        f"that {TRANSFORM_FN}/ gives the wordpieces of the module",
    )
)
# Other batches round differently: by some 1e-6 in float32. With products in bfloat16, the token
# vectors of MiniLM differ by up to 1% of their largest value, after six layers.
_FLOAT32_TOLERANCE = 1e-4
_RELATIVE_TOLERANCE = 0.05


def check_sample(
    job: Job,
    layout: Layout,
    parts: Sequence[Receipt],
    module: Path,
    number: int,
    tolerance: float | None,
) -> SampleResult:
    """Embed a sample of documents again and compare their vectors with the stored ones.

    Args:
        job: the job.
        layout: of its records.
        parts: receipts of the parts without damage.
        module: folder of the module.
        number: the number of documents.
        tolerance: the largest allowed difference of a value; None to derive it from the job's
            precision.
    """
    documents = sum(part.counts[metrics.EMBEDDED] for part in parts)
    if not documents:
        return SampleResult(not_checked=("--sample: there is no document to embed again",))
    quiet.import_tensorflow()
    from pipeline.verify import reembed

    sample = reembed.embed_again(job, layout, parts, module, number)
    faults = _drift_faults(sample.drifts, job.config.compute.precision, tolerance)
    if not sample.documents and not sample.faults:
        faults.append("--sample: no document could be embedded again; see what was not checked")
    unsampled = documents - sample.documents
    not_checked = [f"the vectors of {unsampled:,} documents that were not sampled"]
    return dataclasses.replace(
        sample,
        faults=(*sample.faults, *faults),
        not_checked=(*sample.not_checked, *(not_checked if unsampled else [])),
    )


def _drift_faults(drifts: Sequence[Drift], precision: str, tolerance: float | None) -> list[str]:
    limits = [_tolerance_for(drift, precision, tolerance) for drift in drifts]
    return [
        f"--sample: {drift.feature} of {drift.id} is off by {drift.difference:.1e}, more than "
        f"--tolerance {limit:g}"
        for drift, limit in zip(drifts, limits, strict=True)
        if not drift.difference <= limit
    ]


def _tolerance_for(drift: Drift, precision: str, tolerance: float | None) -> float:
    """Return the largest allowed difference of a feature."""
    if tolerance is not None:
        return tolerance
    if precision == FLOAT32:
        return _FLOAT32_TOLERANCE
    return round(_RELATIVE_TOLERANCE * drift.magnitude, 4)
