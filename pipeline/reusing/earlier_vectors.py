"""Find the parts whose vectors a job may take."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from pipeline.errors import UsageError, input_errors
from pipeline.generations import kept_files
from pipeline.job_context import JobContext
from pipeline.options.embed_config import EmbedConfig
from pipeline.output import job_progress, open_job, plan_file
from pipeline.output.open_job import Job
from pipeline.output.plan_file import StoredPlan
from pipeline.output.run_file import Run
from pipeline.parts.receipt_store import ReceiptStore, load_receipts
from pipeline.parts.receipt_table import ReceiptTable, table_of
from pipeline.reusing.comparable_jobs import differences
from transforms.documents import Split
from transforms.io import folder_listing, storage
from transforms.reuse import digest_files
from transforms.reuse.gather_vectors import StoredVectors, VectorsOfPart


class EarlierVectors(NamedTuple):
    """Vectors that a job may take.

    Attributes:
        stored: how they are stored.
        parts: those that have digests.
        without_digests: the number of other parts.
    """

    stored: StoredVectors
    parts: Sequence[VectorsOfPart]
    without_digests: int


def check_reuse(config: EmbedConfig, model: str) -> None:
    """Check the folder of `reuse`, if one is given.

    Args:
        config: of the job.
        model: fingerprint of its module.

    Raises:
        UsageError: the folder has no job, or none whose vectors are those of this job.
    """
    if config.reuse is None:
        return
    with input_errors():
        job = open_job.open_job(config.reuse)
        lines = differences(job.config, job.run, config, model)
        names = storage.list_folder(storage.join(config.reuse, digest_files.FOLDER))
    if lines:
        raise UsageError(
            f"--reuse {config.reuse}: its vectors are not those of this job: {'; '.join(lines)}.\n"
            "Leave --reuse out, or give these flags as they are there"
        )
    if not names:
        obstacle = "it is of an earlier release, or its vectors depend on their batches"
        raise UsageError(
            f"--reuse {config.reuse}: its parts have no digests of documents: {obstacle}.\n"
            "Leave --reuse out; a new job with --engine openvino writes them"
        )


def find_vectors(context: JobContext) -> EarlierVectors | None:
    """Find the vectors that a job may take; None if there are no parts to take them from.

    Raises:
        ValueError: the folder of `reuse` has no job any more.
        OSError: a folder cannot be read.
    """
    config, features = context.config, context.config.records.of_documents
    if config.reuse is not None:
        job = open_job.open_job(config.reuse)
        stored = StoredVectors(job.folder, job.records, job.run.widths, features)
        return _select(stored, _receipts_of(job))
    receipts = earlier_receipts(
        config.output, context.splits, context.run, context.receipts, context.stored
    )
    if not receipts:
        return None
    widths = context.module.widths
    return _select(StoredVectors(config.output, config.records, widths, features), receipts)


def _receipts_of(job: Job) -> ReceiptTable:
    return job_progress.of_job(load_receipts(job.folder), job.splits, job.run)


def earlier_receipts(
    folder: str,
    splits: Sequence[Split],
    run: Run,
    receipts: ReceiptStore,
    known: StoredPlan | None = None,
) -> ReceiptTable:
    """Return the receipts of the earlier generation that do not count for a plan.

    Args:
        folder: the output folder.
        splits: the plan.
        run: of the job.
        receipts: those in the folder.
        known: a plan that was read, which may be that of the earlier generation.
    """
    plans = list(_earlier_plans(folder, run.generation, known))
    if not plans:
        return table_of([])
    table = receipts.load()
    now = job_progress.of_job(table, splits, run)
    return job_progress.of_plans(table, plans, run).without(now)


def _earlier_plans(
    folder: str, generation: int, known: StoredPlan | None
) -> Iterator[Sequence[Split]]:
    """Yield the plan of the parent of a generation, and the plans that were replaced since.

    Older generations may be many times the corpus, and their documents are seldom in it.

    Args:
        folder: the output folder.
        generation: the number of the generation.
        known: a plan that was read, which may be one of them.
    """
    plans = kept_files.kept_plans(folder)
    finished = [
        number
        for path, number in plans.items()
        if number < generation and not kept_files.is_replaced(path)
    ]
    for path, number in plans.items():
        if number >= max(finished, default=0):
            try:
                yield plan_file.load_stored(folder, path, known).splits
            except ValueError:
                continue


def _select(stored: StoredVectors, receipts: ReceiptTable) -> EarlierVectors:
    sizes = _digest_sizes(stored.folder, receipts)
    parts, without = [], 0
    for receipt in receipts.select(np.argsort(receipts.numbers("finished"), kind="stable")):
        file = digest_files.vectors_file(receipt)
        if file is None:
            continue
        if sizes.get(digest_files.path_of(receipt.name)) == digest_files.size(file.records):
            parts.append(VectorsOfPart(receipt.name, file, receipt.machine))
        else:
            without += 1
    return EarlierVectors(stored, parts, without)


def _digest_sizes(folder: str, receipts: ReceiptTable) -> dict[str, int]:
    """Return the sizes of the files of digests that some parts have, by path."""
    paths = set(map(digest_files.path_of, receipts.values("name")))
    return {
        path: size
        for block in folder_listing.iterate_blocks(storage.join(folder, digest_files.FOLDER))
        for name, size in zip(block.names, block.sizes.tolist(), strict=True)
        if (path := f"{digest_files.FOLDER}/{name}") in paths
    }
