"""What of a corpus was lost to the model, by file, and whether that is more than is allowed."""

import dataclasses
from collections.abc import Mapping

from pipeline.manifest import Progress
from pipeline.options.embed_config import Limits
from transforms import checked_json, escaping, rejects
from transforms.io import storage
from transforms.receipts import shares
from transforms.rejects import Reason

_SHOWN_FILES = 3
_SHOWN_EXAMPLES = 3


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
    return name_worst(lost, above)


def name_worst(lost: Mapping[str, float], above: float) -> list[str]:
    """Name the files that lost most, worst first, of the share that each lost."""
    worst = sorted((path for path in lost if lost[path] > above), key=lambda path: -lost[path])
    named = [f"{escaping.one_line(path)} {lost[path]:.1%}" for path in worst[:_SHOWN_FILES]]
    more = len(worst) - len(named)
    return [*named, f"{more:,} more"] if more else named


def damaged_files(progress: Progress) -> list[str]:
    """Name the files that could be read only up to where they are damaged, in corpus order."""
    damaged = (part.source for part in progress.parts if Reason.UNREADABLE.value in part.reasons)
    return list(dict.fromkeys(map(escaping.one_line, damaged)))


def examples(folder: str, progress: Progress) -> list[str]:
    """Give the first rejected documents of a job, a line each.

    Args:
        folder: its output folder.
        progress: of the job.

    Returns:
        at most three of `file:position reason: detail`, the id after the place where it is another.
    """
    shown: list[str] = []
    for part in progress.parts:
        for file in part.files:
            if file.path.startswith("rejected/") and len(shown) < _SHOWN_EXAMPLES:
                text = storage.read_text(storage.within(folder, file.path)) or ""
                shown += [_example(line) for line in text.split("\n") if line]
    return shown[:_SHOWN_EXAMPLES]


def _example(line: str) -> str:
    try:
        row = checked_json.loads(line)
        source, reason, detail = (checked_json.text(row, n) for n in ("source", "reason", "detail"))
        place = f"{source}:{checked_json.whole(row, 'position')}"
        id_ = checked_json.text(row, "id")
        place += f" ({id_})" * (id_ != place)
    except ValueError as error:
        return f"a line that cannot be read: {rejects.detail(error)}"
    return f"{rejects.detail(place)} {rejects.detail(reason)}: {rejects.detail(detail)}"


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
