"""The content of a job's records, and the format of their files."""

import dataclasses

from transforms.records import output_format
from transforms.records.output_format import OutputFormat
from transforms.records.record_content import RecordContent

# The default format, and the compression that every format has.
TFRECORD, NONE = "tfrecord", "none"


@dataclasses.dataclass(frozen=True)
class RecordConfig(RecordContent):
    """The content of a job's records, and the format of their files.

    Attributes:
        format: a name in `records.formats`.
        compression: one of the format's compressions.
    """

    format: str = TFRECORD
    compression: str = NONE

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.format not in output_format.names():
            raise ValueError(
                f"`output_format` is {self.format!r}; there are {', '.join(output_format.names())}"
            )
        if self.compression not in self.file_format.compressions:
            raise ValueError(
                f"`compression` is {self.compression!r}; for {self.format} there are "
                f"{', '.join(self.file_format.compressions)}"
            )

    @property
    def file_format(self) -> OutputFormat:
        """The format of the files."""
        return output_format.find(self.format)

    @property
    def schema_file(self) -> str:
        """The name of the schema file in the folder of each family."""
        return self.file_format.schema_file

    @property
    def ending(self) -> str:
        """The ending of the names of the files."""
        return self.file_format.compressions[self.compression].ending
