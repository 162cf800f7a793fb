"""Per-file rejection, truncation and [UNK] rates, and their limits."""

import dataclasses
from collections.abc import Mapping

import msgspec

from pipeline.options.embed_config import Limits
from pipeline.output.layout import REJECTED
from pipeline.parts import file_sums, named_sums
from pipeline.parts.part_progress import Progress
from pipeline.parts.receipt_columns import REASONS
from transforms import escaping, rejects, strict_json
from transforms.io import storage
from transforms.metrics import DOCUMENTS, ROWS
from transforms.receipts import count_rows, shares, unit_of
from transforms.rejects import Reason
from transforms.strict_json import Count

_SHOWN_FILES = 3
_SHOWN_EXAMPLES = 3


def describe_documents(counts: Mapping[str, float]) -> str:
    """Return the number of documents, and that of rows if these are windows of them."""
    rows = f" in {counts[ROWS]:,} rows" if ROWS in counts else ""
    return f"{counts[DOCUMENTS]:,}{rows}"


def worst_files(progress: Progress, share: str, above: float) -> list[str]:
    """Return the files with the highest rates, highest first.

    Args:
        progress: of the job.
        share: a name in `receipts.shares`.
        above: files with this rate or a lower one are omitted.

    Returns:
        at most three lines `path 12.3%`, and the number of further files.
    """
    rates = ((path, shares(counts)[share]) for path, counts in progress.by_source.items())
    return name_worst({path: rate for path, rate in rates if rate > above}, above)


def name_worst(rates: Mapping[str, float], above: float) -> list[str]:
    """Return the files with the highest rates, as `worst_files` does.

    Args:
        rates: the rate of each file.
        above: files with this rate or a lower one are omitted.
    """
    worst = sorted((path for path in rates if rates[path] > above), key=lambda path: -rates[path])
    lines = [f"{escaping.one_line(path)} {rates[path]:.1%}" for path in worst[:_SHOWN_FILES]]
    more = len(worst) - len(lines)
    return [*lines, f"{more:,} more"] if more else lines


def damaged_files(progress: Progress) -> list[str]:
    """Return the files that are damaged and were read up to the damage, in corpus order."""
    reason = Reason.UNREADABLE.value
    parts = named_sums.with_name(progress.table, REASONS, reason)
    damaged = (path for part in parts for path in part.files_with(reason))
    return list(dict.fromkeys(map(escaping.one_line, damaged)))


def examples(folder: str, progress: Progress) -> list[str]:
    """Return lines that describe the first rejected documents of a job.

    Args:
        folder: the output folder of the job.
        progress: of the job.

    Returns:
        at most three lines `file:position reason: detail`, with the id after the position if the
        input had one.
    """
    shown: list[str] = []
    for part in file_sums.with_file_in(progress.table, REJECTED):
        if len(shown) >= _SHOWN_EXAMPLES:
            break
        for file in part.files:
            if file.path.startswith(f"{REJECTED}/") and len(shown) < _SHOWN_EXAMPLES:
                text = storage.read_text(storage.within(folder, file.path)) or ""
                shown += [_example(line) for line in text.split("\n") if line]
    return shown[:_SHOWN_EXAMPLES]


class _RejectedDocument(msgspec.Struct, forbid_unknown_fields=True):
    """A line of a file in rejected/; see `rejects.reject_lines`."""

    id: str
    source: str
    position: Count
    reason: str
    detail: str


_DECODER = msgspec.json.Decoder(_RejectedDocument)


def _example(line: str) -> str:
    try:
        document = strict_json.decode(line, _DECODER)
    except ValueError as error:
        return f"a line that cannot be read: {rejects.detail(error)}"
    place = f"{document.source}:{document.position}"
    place += f" ({document.id})" * (document.id != place)
    return (
        f"{rejects.detail(place)} {rejects.detail(document.reason)}: "
        f"{rejects.detail(document.detail)}"
    )


def over_limits(progress: Progress, limits: Limits) -> list[str]:
    """Return a paragraph for each limit that is exceeded, with the files that exceed it most."""
    rates = shares(progress.counts())
    problems = []
    for name, limit in dataclasses.asdict(limits).items():
        if rates[name] > limit:
            files = ", ".join(worst_files(progress, name, limit))
            problems.append(
                f"{_describe(name, progress)}, more than --max_{name} {limit:g}: {files}"
            )
    return problems


def _describe(name: str, progress: Progress) -> str:
    counts = progress.counts()
    share = f"{shares(counts)[name]:.1%}"
    if name == "rejected":
        reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(progress.reasons().items()))
        total = f"{count_rows(counts)} {unit_of(counts)}"
        return f"{counts['rejected']} of {total} were rejected ({reasons})"
    if name == "truncated":
        unit = unit_of(counts)
        return f"{share} of the {unit} were truncated (see --max_seq_length, --window_stride)"
    return f"{share} of the wordpieces are [UNK] (check the language and the casing of the model)"
