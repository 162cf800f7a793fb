"""Tables of BigQuery as inputs: their names, and where their rows lie once they are read."""

import dataclasses
import re

from apache_beam.io.filesystems import FileSystems

from pipeline.errors import UsageError
from transforms import escaping

SCHEME = "bq://"
# In the output folder: a folder a table.
FOLDER = "bigquery"
# What the names of files of rows begin with.
ROWS = "rows"

# https://cloud.google.com/bigquery/docs/tables#table_naming: more is allowed there, but what
# else there is means something in paths.
_NAME = re.compile(r"((?:[a-z0-9.-]+:)?[a-z0-9-]+)\.(\w+)\.([\w-]+)", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Table:
    """A table, by its project, its dataset and its own name."""

    project: str
    dataset: str
    name: str

    @property
    def reference(self) -> str:
        """As Beam takes it."""
        return f"{self.project}:{self.dataset}.{self.name}"

    def folder(self, output: str) -> str:
        """Tell where its rows lie."""
        project = self.project.replace(":", "_")
        joined: str = FileSystems.join(output, FOLDER, f"{project}.{self.dataset}.{self.name}")
        return joined


def parse(glob: str) -> Table:
    """Read `bq://PROJECT.DATASET.TABLE`.

    >>> parse("bq://some-project.corpus.articles").reference
    'some-project:corpus.articles'

    Raises:
        UsageError: it names no table.
    """
    found = _NAME.fullmatch(glob.removeprefix(SCHEME))
    if found is None:
        raise UsageError(
            f"--input {escaping.one_line(glob)}: name a table as {SCHEME}PROJECT.DATASET.TABLE"
        )
    return Table(*found.groups())
