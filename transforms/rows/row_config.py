"""What a row of the records is, and which fields the rows have of it."""

import dataclasses
from collections.abc import Iterable

from transforms.features import INT64, STRING
from transforms.templates.cut_fields import CutFields, find_cut_fields
from transforms.templates.text_template import TextTemplate

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


def place_names(field: str) -> tuple[str, str]:
    """Return the names of the fields of a window with the place of a field of a template.

    >>> place_names("title")
    ('title_start', 'title_end')
    """
    return f"{field}_start", f"{field}_end"


@dataclasses.dataclass(frozen=True)
class RowConfig:
    """What a row of the records is.

    Attributes:
        unit: `documents`, or `windows` of documents that are longer than the model's input.
        cut: where windows end: between words (`tokens`), `sentences` or `paragraphs`. What is
            longer than a window is cut between words.
        keep_text: whether each row has its text.
        repeat_fields: fields of a text template that each window has as a whole.
    """

    unit: str = DOCUMENTS
    cut: str = TOKENS
    keep_text: bool = False
    repeat_fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"`rows` is {self.unit!r}; there are {', '.join(UNITS)}")
        if self.cut not in CUTS:
            raise ValueError(f"`window_cut` is {self.cut!r}; there are {', '.join(CUTS)}")
        if self.cut != TOKENS and not self.are_windows:
            raise ValueError(f"`window_cut` is for windows: add `rows` {WINDOWS}, or leave it out")

        if self.repeat_fields and not self.are_windows:
            raise ValueError(
                f"`repeat_fields` is for windows: add `rows` {WINDOWS}, or leave it out"
            )

    @property
    def are_windows(self) -> bool:
        """Whether a row is a window of a document."""
        return self.unit == WINDOWS

    def fields(self, template: TextTemplate | None) -> tuple[str, ...]:
        """Return the fields that records have of their rows, as `name:type`.

        Args:
            template: composes the texts; None if they are not composed.
        """
        names = () if template is None else template.names
        places = [f"{place}:{INT64}" for name in names for place in place_names(name)]
        return (*_OF_WINDOWS, *places) * self.are_windows + (
            f"{ROW_TEXT}:{STRING}",
        ) * self.keep_text

    def check_fields(self, names: Iterable[str], template: TextTemplate | None) -> None:
        """Raise ValueError if a field of the input has the name of a field of the rows."""
        if self.are_windows and template is not None and WINDOW in template.names:
            raise ValueError(
                f"`text_template` has {{{WINDOW}}}, and records have {WINDOW_START} of `rows`: "
                "rename the field"
            )
        fields = {field.rpartition(":")[0] for field in self.fields(template)}
        for name in names:
            if name in fields:
                flag = "keep_text" if name == ROW_TEXT else "rows"
                raise ValueError(
                    f"`keep_fields` has {name!r}, which records have of `{flag}`; rename the "
                    f"field, or leave it or `{flag}` out"
                )

    def cut_fields(self, template: TextTemplate | None, pairs: bool) -> CutFields | None:
        """Return the fields that are cut, if windows repeat others; None if the whole text is.

        Args:
            template: composes the texts; None if they are not composed.
            pairs: whether documents may have a second text.

        Raises:
            ValueError: windows cannot repeat these fields.
        """
        if not self.repeat_fields:
            return None
        if template is None:
            raise ValueError("`repeat_fields` needs `text_template`: give it, or leave it out")
        if pairs:
            raise ValueError(
                "`repeat_fields` is for documents of one text; each window of a pair has the whole "
                "first text: leave it out"
            )
        return find_cut_fields(template, self.repeat_fields)

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
