"""The steps of an update of a job of many parts, of whose files every hundredth has changed."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.many_parts import make_receipt, make_splits
from transforms.documents import Split

if TYPE_CHECKING:
    from pipeline.options.embed_config import EmbedConfig
    from pipeline.output.earlier_call import Earlier
    from pipeline.output.run_file import Run

_EVERY = 100
_Step = tuple[str, Callable[[], dict[str, int]]]


def make_changed_splits(parts: int) -> Iterator[Split]:
    """Yield the splits of `make_splits`; of every hundredth file, the version is another."""
    paths: dict[str, bool] = {}
    for split in make_splits(parts):
        source = split.source
        if paths.setdefault(source.path, len(paths) % _EVERY == 0):
            source = dataclasses.replace(source, version=f"{source.version}5")
        yield dataclasses.replace(split, source=source)


def _run_of(folder: str) -> "Run":
    from pipeline.output import run_file

    run = run_file.load_run(folder)
    if run is None:
        raise SystemExit(f"{folder} has no run.json")
    return run


def update_steps(config: "EmbedConfig", parts: int) -> Iterator[_Step]:
    """Yield the steps up to the first split, and those from the last part to the manifest.

    No document is read and no vector is computed; the records of the changed parts, which are
    compared after the last part, are not there.

    Args:
        config: of the job, whose output folder has a finished generation.
        parts: of the job.
    """
    from pipeline import manifest
    from pipeline.output import earlier_call, earlier_plans, job_progress, plan_file
    from pipeline.updates import update_forecast
    from transforms.splits.collecting import collect

    folder, config = config.output, dataclasses.replace(config, update=True)
    run = _run_of(folder)
    now = collect(make_changed_splits(parts))
    found: list[Earlier] = []

    def compare() -> dict[str, int]:
        call = dataclasses.replace(run, plan=plan_file.fingerprint(now))
        found.append(earlier_call.find_earlier(config, call, now))
        changes = found[0].changes
        return {"files changed": len(changes.changed) if changes else 0}

    def forecast() -> dict[str, int]:
        expected = update_forecast.forecast_update(config, found[0], manifest.load_receipts(folder))
        return {"splits to compute": expected.splits_left if expected else 0}

    def follow() -> dict[str, int]:
        earlier_call.follow(config, found[0])
        following = _run_of(folder)
        progress = job_progress.roll_up_progress(folder, now, following)
        for number, split in enumerate(progress.pending):
            receipt = make_receipt(split, following.fingerprint, number)
            Path(folder, "receipts", f"{receipt.name}.json").write_text(receipt.to_json(), "ascii")
        return {"pending": len(progress.pending)}

    def finish() -> dict[str, int]:
        following = _run_of(folder)
        progress = job_progress.roll_up_progress(folder, now, following)
        history = earlier_plans.history_of(folder, following, now)
        manifest.write_manifest(
            folder, progress, following.fingerprint, history.entry if history else None
        )
        return {"bytes": Path(folder, manifest.MANIFEST_FILE).stat().st_size}

    yield "update: compare the plans", compare
    yield "→ say what it will do", forecast
    yield "→ keep the generation, write the plan, find the pending splits", follow
    yield "→ after the last part: progress, history, manifest.json", finish
