"""What a row of the records is, and which fields the rows have of it."""

import dataclasses
from collections.abc import Iterable

from transforms.features import INT64, STRING

# What becomes a row.
DOCUMENTS, WINDOWS = UNITS = ("documents", "windows")
# Where a window may end if it does not end with its document.
TOKENS, SENTENCES, PARAGRAPHS = CUTS = ("tokens", "sentences", "paragraphs")

# The fields of rows that are windows, and that of their text.
DOCUMENT_ID, WINDOW, NUM_WINDOWS = "document_id", "window", "num_windows"
WINDOW_START, WINDOW_END = "window_start", "window_end"
ROW_TEXT = "text"
_OF_WINDOWS = (
    f"{DOCUMENT_ID}:{STRING}",
    *(f"{name}:{INT64}" for name in (WINDOW, NUM_WINDOWS, WINDOW_START, WINDOW_END)),
)


@dataclasses.dataclass(frozen=True)
class RowConfig:
    """What a row of the records is.

    Attributes:
        unit: `documents`, or `windows` of documents that are longer than the model's input.
        cut: where windows end: between words (`tokens`), `sentences` or `paragraphs`. What is
            longer than a window is cut between words.
        keep_text: whether each row has its text.
    """

    unit: str = DOCUMENTS
    cut: str = TOKENS
    keep_text: bool = False

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"`rows` is {self.unit!r}; there are {', '.join(UNITS)}")
        if self.cut not in CUTS:
            raise ValueError(f"`window_cut` is {self.cut!r}; there are {', '.join(CUTS)}")
        if self.cut != TOKENS and not self.are_windows:
            raise ValueError(f"`window_cut` is for windows: add `rows` {WINDOWS}, or leave it out")

    @property
    def are_windows(self) -> bool:
        """Whether a row is a window of a document."""
        return self.unit == WINDOWS

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that records have of their rows, as `name:type`."""
        return _OF_WINDOWS * self.are_windows + (f"{ROW_TEXT}:{STRING}",) * self.keep_text

    def check_fields(self, names: Iterable[str]) -> None:
        """Raise ValueError if a field of the input has the name of a field of the rows."""
        fields = {field.partition(":")[0] for field in self.fields}
        for name in names:
            if name in fields:
                flag = "keep_text" if name == ROW_TEXT else "rows"
                raise ValueError(
                    f"`keep_fields` has {name!r}, which records have of `{flag}`; rename the "
                    f"field, or leave it or `{flag}` out"
                )

    def check_installed(self) -> None:
        """Raise ValueError if the library that finds sentences is missing."""
        if self.cut != SENTENCES:
            return
        try:
            import icu4py  # noqa: F401
        except ModuleNotFoundError as error:
            raise ValueError(
                "`window_cut` sentences needs ICU, which is not installed: pip install "
                '"beam-bert[sentences]"'
            ) from error
