"""`--precision auto`: the fastest precision that this machine and `--min_cosine` allow."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import model
from pipeline.console import printing
from pipeline.options.embed_config import EmbedConfig
from pipeline.output import run_file
from transforms.bert import engines
from transforms.bert.agreement import CosineAgreement
from transforms.bert.compute import AUTO, PRECISIONS
from transforms.documents import Split
from transforms.features import FLOAT32

if TYPE_CHECKING:
    from transforms.bert.module import BertModule

_FLAG = "--precision"
# A precision that is faster by less than this is not worth its rounding.
_LEAST_SPEED = 1.05


@dataclasses.dataclass(frozen=True)
class Choice:
    """A precision and the reason for it.

    Attributes:
        precision: a name.
        reason: for the user.
        agreement: the measured effect on vectors; None if the precision was not compared now.
    """

    precision: str
    reason: str
    agreement: CosineAgreement | None = None


def settle(
    config: EmbedConfig, path: Path, splits: Sequence[Split]
) -> tuple[EmbedConfig, CosineAgreement | None]:
    """Replace the precision `auto` by the chosen one, and announce it.

    A job that continues keeps its precision, also on another machine.

    Args:
        config: of the job.
        path: folder of the module.
        splits: the corpus.

    Returns:
        the configuration; and the agreement with float32 if it was measured.

    Raises:
        UsageError: the module cannot be used with the configuration.
    """
    if config.compute.precision != AUTO:
        return config, None
    stored = None if config.overwrite else _stored_precision(config.output)
    if stored:
        choice = Choice(stored, "the job began with it")
    else:
        exact = _in_precision(config, FLOAT32)
        choice = _choose(exact, model.inspect_model(path, exact), splits)
    printing.announce(f"beam-bert: {_FLAG} {AUTO} is {choice.precision}: {choice.reason}")
    return _in_precision(config, choice.precision), choice.agreement


def _in_precision(config: EmbedConfig, precision: str) -> EmbedConfig:
    return dataclasses.replace(config, compute=config.compute.in_precision(precision))


def _stored_precision(folder: str) -> str | None:
    """Return the precision in run.json; None if it cannot be read, which is reported later."""
    try:
        run = run_file.load_run(folder)
    except (OSError, ValueError):
        return None
    precision = run.configuration.get(_FLAG) if run else None
    return precision if precision in PRECISIONS else None


def _choose(config: EmbedConfig, module: "BertModule", splits: Sequence[Split]) -> Choice:
    """Try what this machine has instructions for, the likely fastest first."""
    from transforms.bert import loading

    graph_only = loading.why_graph(module, module.outputs(config.features))
    if graph_only:
        return Choice(FLOAT32, graph_only)
    native = engines.find(config.compute.engine).native_precisions()
    reasons = []
    for precision in native[: native.index(FLOAT32)]:
        choice = _try(_in_precision(config, precision), module, splits)
        if choice.precision == precision:
            return choice
        reasons.append(choice.reason)
    why = "; ".join(reasons) or f"{config.compute.engine} has no faster one on this machine"
    return Choice(FLOAT32, why)


def _try(config: EmbedConfig, module: "BertModule", splits: Sequence[Split]) -> Choice:
    """Return a lower precision if it is faster and exact enough, else float32 and why."""
    from pipeline.estimate import precision_check

    precision = config.compute.precision
    try:
        loaded = precision_check.Loaded(config, module)
    except ValueError as error:
        return Choice(FLOAT32, str(error))
    speed = loaded.speed()
    measured = f"{speed:.2f} times the speed of float32 on this machine"
    if speed < _LEAST_SPEED:
        return Choice(FLOAT32, f"{precision} has {measured}")
    agreement = loaded.agreement(splits)
    if agreement is None:
        return Choice(FLOAT32, f"there is no document to compare {precision} by")
    measured += (
        f"; of {agreement.documents} documents the smallest cosine to float32 is "
        f"{agreement.smallest_cosine:.4f}"
    )
    if not agreement.smallest_cosine >= config.min_cosine:
        return Choice(
            FLOAT32, f"{precision} has {measured}, below --min_cosine {config.min_cosine:g}"
        )
    return Choice(precision, measured, agreement)
