"""The result of `verify`, for programs and for people."""

import dataclasses
from collections.abc import Mapping, Sequence

from transforms import escaping
from transforms.io.watching import describe

_MAX_FAULTS = 20
_MAX_NOTES = 5
_WIDTH = len("not checked  ")


@dataclasses.dataclass(frozen=True)
class Drift:
    """The largest difference between a stored feature and the same feature computed again.

    Attributes:
        feature: a name in `features.FEATURES`.
        difference: the largest absolute difference of any value, minus the rounding of storage;
            infinite if a value is not finite.
        id: of the document with this difference, printable.
        magnitude: the largest absolute value that the model computes now.
    """

    feature: str
    difference: float
    id: str
    magnitude: float = 0.0


@dataclasses.dataclass(frozen=True)
class SampleResult:
    """The result of embedding a sample of documents again.

    Attributes:
        documents: the number of documents embedded again.
        drifts: one for each float feature; empty if there is no document.
        faults: a line for each other difference.
        not_checked: a line for each reason why documents were not embedded again.
    """

    documents: int = 0
    drifts: tuple[Drift, ...] = ()
    faults: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The result of `verify`.

    Attributes:
        folder: the output folder.
        parts: the number of parts that are done, damaged parts included.
        pending: the number of splits of the plan that are not done, or not to their end.
        files, bytes: of the parts without damage, by their receipts.
        records: records, or lines of rejected/, of the parts without damage, by folder.
        faults: a line for each fault; it names the file.
        notes: a line for each observation that is not a fault.
        not_checked: a line for each thing that this call did not check.
        sample: the result of `--sample`.
        invalidated: files that were deleted or renamed, so that `embed` writes them again.
        remedy: what the user can do now; empty if nothing is to be done.
    """

    folder: str
    parts: int
    pending: int
    files: int
    bytes: int
    records: Mapping[str, int]
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    sample: SampleResult = SampleResult()
    invalidated: tuple[str, ...] = ()
    remedy: str = ""

    def to_text(self) -> str:
        """Return the lines that the command prints."""
        return "\n".join([self._first_line(), *self._counts(), *self._lists()])

    def _first_line(self) -> str:
        if not self.faults:
            return f"no faults: {self.folder}" + (
                " (the parts done so far)" if self.pending else ""
            )
        count = len(self.faults)
        return f"{count:,} {'fault' if count == 1 else 'faults'}: {self.folder}"

    def _counts(self) -> list[str]:
        state = ", complete"
        if self.pending:
            state = f"; the job is not finished: {self.pending:,} splits are not done"
        lines = [f"parts        {self.parts:,}{state}"]
        if self.files:
            records = ", ".join(f"{count:,} in {name}/" for name, count in self.records.items())
            lines += [
                f"files        {self.files:,} by their receipts, {self.bytes / 1e6:,.1f} MB",
                f"records      {records}",
            ]
        if self.sample.documents:
            drifts = [f"{d.feature} {d.difference:.1e} ({d.id})" for d in self.sample.drifts]
            lines.append(f"sample       {self.sample.documents:,} documents embedded again")
            lines += _labelled("drift", drifts)
        return lines

    def _lists(self) -> list[str]:
        return [
            *_labelled("fault", _first_few(self.faults, _MAX_FAULTS)),
            *_labelled("invalidated", _first_few(self.invalidated, _MAX_NOTES)),
            *_labelled("remedy", [self.remedy] if self.remedy else []),
            *_labelled("note", _first_few(self.notes, _MAX_NOTES)),
            *_labelled("not checked", _first_few(self.not_checked, _MAX_FAULTS)),
        ]


def unread_line(path: str, error: OSError) -> str:
    """Return the fault of a file that cannot be read; nothing is known about its content."""
    cause = error
    while cause.strerror is None and isinstance(cause.__cause__, OSError):
        cause = cause.__cause__
    return f"{path}: cannot be read: {cause.strerror or describe(error)}"


def _first_few(lines: Sequence[str], limit: int) -> list[str]:
    more = len(lines) - limit
    return [*lines[:limit], f"and {more:,} more"] if more > 0 else list(lines)


def _labelled(label: str, lines: Sequence[str]) -> list[str]:
    shown = map(escaping.one_line, lines)
    return [f"{label if not n else '':<{_WIDTH}}{line}" for n, line in enumerate(shown)]
