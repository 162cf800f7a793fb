"""The steps of an update of a job of many parts, of whose files every hundredth has changed."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.many_parts import make_receipt, make_splits, write_empty
from transforms.documents import Split

if TYPE_CHECKING:
    from pipeline.generations.history import History
    from pipeline.options.embed_config import EmbedConfig
    from pipeline.output.earlier_call import Earlier
    from pipeline.output.run_file import Run
    from pipeline.parts.part_progress import Progress
    from pipeline.parts.receipt_store import ReceiptStore
    from transforms.splits.split_columns import SplitColumns

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


def _make_parts(folder: str, pending: Iterable[Split], run_fingerprint: str) -> None:
    """Write the receipts of splits, and empty files in place of their records."""
    for number, split in enumerate(pending):
        receipt = make_receipt(split, run_fingerprint, number)
        for file in receipt.files:
            write_empty(f"{folder}/{file.path}", file.bytes)
        Path(folder, "receipts", f"{receipt.name}.json").write_text(receipt.to_json(), "ascii")


@dataclasses.dataclass
class _Update:
    """An update between its steps.

    Attributes:
        config: of the job.
        splits: the plan of now.
        receipts: those in the folder.
    """

    config: "EmbedConfig"
    splits: "SplitColumns"
    receipts: "ReceiptStore"
    found: "Earlier | None" = None
    progress: "Progress | None" = None
    history: "History | None" = None

    @property
    def folder(self) -> str:
        return self.config.output

    def compare(self) -> dict[str, int]:
        """Find the earlier call and what has changed since."""
        from pipeline.output import earlier_call, plan_file

        call = dataclasses.replace(_run_of(self.folder), plan=plan_file.fingerprint(self.splits))
        self.found = earlier_call.find_earlier(self.config, call, self.splits, self.receipts)
        changes = self.found.changes
        return {"files changed": len(changes.changed) if changes else 0}

    def forecast(self) -> dict[str, int]:
        """Read the receipts, and say what the update will do."""
        from pipeline.estimate import update_size
        from pipeline.updates import update_forecast

        receipts = self.receipts.load()
        update_size.stored_bytes(self.folder, receipts)
        if self.found is None:
            return {}
        expected = update_forecast.forecast_update(self.config, self.found, receipts)
        return {"splits to compute": expected.splits_left if expected else 0}

    def follow(self) -> dict[str, int]:
        """Write the plan, look for damaged files, and find the pending splits."""
        from pipeline.output import earlier_call
        from pipeline.start import earlier_parts

        if self.found is None:
            return {}
        run = earlier_call.follow(self.config, self.found)
        before, _ = earlier_parts.done_before(self.folder, self.splits, run, self.receipts)
        return {"pending": len(before.pending) if before else 0}

    def find_vectors(self) -> dict[str, int]:
        """Find the parts whose vectors may be taken."""
        from pipeline.reusing import earlier_vectors

        stored = self.found.stored if self.found else None
        found = earlier_vectors.earlier_receipts(
            self.folder, self.splits, _run_of(self.folder), self.receipts, stored
        )
        return {"parts": len(found)}

    def make(self) -> None:
        """Write what workers would write."""
        from pipeline.output import job_progress

        run = _run_of(self.folder)
        pending = job_progress.match_receipts(self.splits, self.receipts.load(), run).pending
        _make_parts(self.folder, pending, run.fingerprint)

    def measure(self) -> dict[str, int]:
        """Read the new receipts, and find that all is done."""
        from pipeline.output import earlier_plans, job_progress

        run, stored = _run_of(self.folder), self.found.stored if self.found else None
        receipts = self.receipts.refresh()
        self.receipts.roll_up()
        self.progress = job_progress.match_receipts(self.splits, receipts, run)
        self.history = earlier_plans.history_of(self.folder, run, self.splits, known=stored)
        return {"pending": len(self.progress.pending)}

    def find_changed(self) -> dict[str, int]:
        """Find the parts whose records are compared for changes/."""
        from pipeline.changes.generation_parts import ReceiptParts, StoredParts, without_common

        parts = self.progress.parts if self.progress else ()
        old, new = without_common(StoredParts(self.folder, 1), ReceiptParts(parts))
        return {"parts that only one generation has": len(old) + len(new)}

    def publish(self) -> dict[str, int]:
        """Write manifest.json, and say what was done."""
        from pipeline import manifest, result
        from pipeline.output import quality

        if self.progress is None:
            return {}
        entry = self.history.entry if self.history else None
        fingerprint = _run_of(self.folder).fingerprint
        manifest.write_manifest(self.folder, self.progress, fingerprint, entry)
        quality.over_limits(self.progress, self.config.limits)
        quality.damaged_files(self.progress)
        result.to_text(result.Summary(self.folder, self.progress, 0.0, 0, history=self.history))
        return {"bytes": Path(self.folder, manifest.MANIFEST_FILE).stat().st_size}


def update_steps(config: "EmbedConfig", parts: int) -> Iterator[_Step]:
    """Yield the steps up to the first split, and those from the last part to the manifest.

    No document is read and no vector is computed; the records of the changed parts, which are
    compared after the last part, are not there.

    Args:
        config: of the job, whose output folder has a finished generation.
        parts: of the job.
    """
    from pipeline.parts.receipt_store import ReceiptStore
    from transforms.splits.collecting import collect

    splits = collect(make_changed_splits(parts))
    update = _Update(dataclasses.replace(config, update=True), splits, ReceiptStore(config.output))
    yield "update: compare the plans", update.compare
    yield "→ read the receipts, say what it will do", update.forecast
    yield "→ keep the generation, write the plan, look for damaged files", update.follow
    yield "→ find the parts whose vectors are taken", update.find_vectors
    update.make()
    yield "→ after the last part: read the new receipts, compare all with the plan", update.measure
    yield "→ find the parts whose records differ", update.find_changed
    yield "→ write manifest.json, say what was done", update.publish
