"""BigQuery tables as inputs: their names, and the folders of their rows."""

import dataclasses
import re
from collections.abc import Iterable

from pipeline.errors import UsageError
from transforms import escaping
from transforms.io import storage

SCHEME = "bq://"
# The folder in the output folder that contains a folder for each table.
FOLDER = "bigquery"
# The prefix of the names of files of rows.
ROWS = "rows"

# https://cloud.google.com/bigquery/docs/tables#table_naming allows more characters, but those have
# a meaning in paths.
_NAME = re.compile(r"((?:[a-z0-9.-]+:)?[a-z0-9-]+)\.(\w+)\.([\w-]+)", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Table:
    """The name of a table: project, dataset and table."""

    project: str
    dataset: str
    name: str

    @property
    def reference(self) -> str:
        """The name in the form that Beam reads."""
        return f"{self.project}:{self.dataset}.{self.name}"

    def folder(self, output: str) -> str:
        """Return the folder of its rows."""
        project = self.project.replace(":", "_")
        return storage.join(output, FOLDER, f"{project}.{self.dataset}.{self.name}")


def has_tables(globs: Iterable[str]) -> bool:
    """Whether there is a table among the inputs."""
    return any(glob.startswith(SCHEME) for glob in globs)


def parse(glob: str) -> Table:
    """Parse `bq://PROJECT.DATASET.TABLE`.

    >>> parse("bq://some-project.corpus.articles").reference
    'some-project:corpus.articles'

    Raises:
        UsageError: it is not the name of a table.
    """
    match = _NAME.fullmatch(glob.removeprefix(SCHEME))
    if match is None:
        raise UsageError(
            f"--input {escaping.one_line(glob)}: name a table as {SCHEME}PROJECT.DATASET.TABLE"
        )
    return Table(*match.groups())
