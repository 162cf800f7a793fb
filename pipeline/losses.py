"""What of a corpus was lost to the model, by file, and whether that is more than is allowed."""

import dataclasses

from pipeline.manifest import Progress
from pipeline.options import Limits
from transforms.receipts import shares

_SHOWN_FILES = 3


def worst_files(progress: Progress, share: str, above: float) -> list[str]:
    """Name the files that lost most, worst first.

    Args:
        progress: of the job.
        share: a name in `receipts.shares`.
        above: files that lost no more than this share are left out.

    Returns:
        at most three of `path 12.3%`, and how many more there are.
    """
    lost = {path: shares(counts)[share] for path, counts in progress.by_source().items()}
    worst = sorted((path for path in lost if lost[path] > above), key=lambda path: -lost[path])
    named = [f"{path} {lost[path]:.1%}" for path in worst[:_SHOWN_FILES]]
    more = len(worst) - len(named)
    return [*named, f"{more:,} more"] if more else named


def over_limits(progress: Progress, limits: Limits) -> list[str]:
    """Say, a paragraph each, which limits are exceeded, and by which files."""
    whole = shares(progress.counts())
    problems = []
    for name, limit in dataclasses.asdict(limits).items():
        if whole[name] > limit:
            files = ", ".join(worst_files(progress, name, limit))
            problems.append(
                f"{_account(name, progress)}, more than --max_{name} {limit:g}: {files}"
            )
    return problems


def _account(name: str, progress: Progress) -> str:
    counts = progress.counts()
    share = f"{shares(counts)[name]:.1%}"
    if name == "rejected":
        reasons = ", ".join(f"{n} {why}" for why, n in sorted(progress.reasons().items()))
        return f"{counts['rejected']} of {counts['documents']} documents were rejected ({reasons})"
    if name == "truncated":
        return f"{share} of the documents were cut (--max_seq_length, --window_stride)"
    return f"{share} of the wordpieces are unknown to the model (its casing, its vocabulary?)"
