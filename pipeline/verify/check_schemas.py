"""Check the schema files of a job against its configuration."""

from pipeline.output.read_records import Layout
from pipeline.verify.verdict import unread_line
from transforms.io import storage
from transforms.records import record_files


def schema_faults(folder: str, layout: Layout) -> list[str]:
    """Return what is wrong with the schema files of a folder that has parts."""
    return [line for family in layout.records.families for line in _faults(folder, family, layout)]


def _faults(folder: str, family: str, layout: Layout) -> list[str]:
    path = f"{family}/{layout.records.schema_file}"
    try:
        stored = storage.read_bytes(storage.within(folder, path))
    except OSError as error:
        return [unread_line(path, error)]
    except ValueError as error:
        return [f"{path}: {error}"]
    if stored is None:
        return [f"{path}: the file is missing"]
    problem = record_files.schema_problem(stored, family, layout.records, layout.widths)
    return [f"{path}: {problem}"] if problem else []
