"""What `verify` found, for programs and for people."""

import dataclasses
from collections.abc import Mapping, Sequence

from transforms import escaping

_SHOWN_FAULTS = 20
_SHOWN_NOTES = 5
_WIDTH = len("not checked  ")


@dataclasses.dataclass(frozen=True)
class Drift:
    """How far one feature is from what the model gives now.

    Attributes:
        feature: a name in `features.FEATURES`.
        difference: the largest absolute difference of any value, beyond what storing it rounds;
            infinite where one is not finite.
        id: of the document that has it, fit for a line.
        magnitude: the largest absolute value that the model gives now.
    """

    feature: str
    difference: float
    id: str
    magnitude: float = 0.0


@dataclasses.dataclass(frozen=True)
class Sampled:
    """What came of embedding a sample of documents again.

    Attributes:
        documents: how many were embedded again.
        drifts: the largest difference of each float feature; none where there is no document.
        faults: a line for what else differs.
        not_checked: a line for what could not be embedded again, or was not.
    """

    documents: int = 0
    drifts: tuple[Drift, ...] = ()
    faults: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What `verify` found.

    Attributes:
        folder: the output folder.
        parts: parts that are done, whether sound or not.
        pending: splits of the plan that are not done, or not to their end.
        files, bytes: of the sound parts, by their receipts.
        records: records, or lines of rejected/, of the sound parts by folder.
        faults: a line each, naming the file and what is wrong with it.
        notes: a line each, of what is no fault and yet worth knowing.
        not_checked: a line each, of what this call cannot vouch for.
        sample: what came of `--sample`.
        withdrawn: files that were set aside, so that `embed` makes them anew.
        remedy: what to do now, where there is something.
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
    sample: Sampled = Sampled()
    withdrawn: tuple[str, ...] = ()
    remedy: str = ""

    def to_text(self) -> str:
        """Say it in a few lines."""
        return "\n".join([self._first(), *self._counts(), *self._lists()])

    def _first(self) -> str:
        if not self.faults:
            return f"sound: {self.folder}" + (", as far as it is done" if self.pending else "")
        count = len(self.faults)
        return f"{count:,} {'fault' if count == 1 else 'faults'}: {self.folder}"

    def _counts(self) -> list[str]:
        state = ", complete"
        if self.pending:
            state = f"; the job is not finished, splits that are not done: {self.pending:,}"
        lines = [f"parts        {self.parts:,}{state}"]
        if self.files:
            held = ", ".join(f"{count:,} in {name}/" for name, count in self.records.items())
            lines += [
                f"files        {self.files:,} as their receipts tell, {self.bytes / 1e6:,.1f} MB",
                f"records      {held}",
            ]
        if self.sample.documents:
            drifts = [f"{d.feature} {d.difference:.1e} ({d.id})" for d in self.sample.drifts]
            lines.append(f"sample       {self.sample.documents:,} documents embedded again")
            lines += _labelled("drift", drifts)
        return lines

    def _lists(self) -> list[str]:
        return [
            *_labelled("fault", _first_few(self.faults, _SHOWN_FAULTS)),
            *_labelled("withdrawn", _first_few(self.withdrawn, _SHOWN_NOTES)),
            *_labelled("remedy", [self.remedy] if self.remedy else []),
            *_labelled("note", _first_few(self.notes, _SHOWN_NOTES)),
            *_labelled("not checked", _first_few(self.not_checked, _SHOWN_NOTES)),
        ]


def _first_few(lines: Sequence[str], most: int) -> list[str]:
    more = len(lines) - most
    return [*lines[:most], f"and {more:,} more"] if more > 0 else list(lines)


def _labelled(label: str, lines: Sequence[str]) -> list[str]:
    shown = map(escaping.one_line, lines)
    return [f"{label if not n else '':<{_WIDTH}}{line}" for n, line in enumerate(shown)]
