"""Which figures of a job's JSON files `verify` proves: every field, changed once."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.output import open_job
from pipeline.verify.check_manifest import manifest_faults
from pipeline.verify.job_metadata import read_metadata
from tests.paths import ROOT
from tests.pipeline.verify.damaging import check

pytestmark = pytest.mark.slow

# What no file of the folder contradicts; docs/output.md names each.
NOT_PROVED = {
    "run.json": {"handle", "length_quantiles", "versions", "command", "directory"},
    "receipt": {"seconds", "worker", "machine", "finished", "documents_sha256"},
    "manifest.json": set(),
    "plan.jsonl": set(),
}


def places(value: Any, place: tuple = ()) -> Iterator[tuple]:
    """Yield the place of each figure, of a list only the last."""
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*place, key))
    elif isinstance(value, list):
        yield from places(value[-1], (*place, len(value) - 1)) if value else ()
    elif value is not None:
        yield place


def changed(value: Any, place: tuple) -> Any:
    """Return a copy of a value with another figure at a place."""
    if not place:
        if isinstance(value, str):
            return f"{value}x"
        return not value if isinstance(value, bool) else value + 1
    copy = list(value) if isinstance(value, list) else dict(value)
    copy[place[0]] = changed(value[place[0]], place[1:])
    return copy


def is_found(out: Path, name: str) -> bool:
    try:
        if name == "manifest.json":
            # Reading all records again for each of its many fields would take long.
            job = open_job.open_job(str(out))
            return bool(manifest_faults(job, read_metadata(job)))
        return bool(check(out).faults)
    except ValueError:
        return True


def restore(out: Path, whole: Path) -> None:
    for path in out.glob("receipts/*.withdrawn"):
        path.unlink()
    for name in ("run.json", "plan.jsonl", "manifest.json"):
        shutil.copy(whole / name, out / name)
    shutil.copytree(whole / "receipts", out / "receipts", dirs_exist_ok=True)


@pytest.mark.parametrize("name", NOT_PROVED)
def test_every_figure_is_proved_or_named_as_not_checked(name: str, whole: Path, out: Path) -> None:
    path = min(out.glob("receipts/*.json")) if name == "receipt" else out / name
    first, *rest = path.read_text().splitlines() if name == "plan.jsonl" else [path.read_text()]
    found, not_found = set(), set()
    for place in places(json.loads(first)):
        text = json.dumps(changed(json.loads(first), place))
        path.write_text("\n".join([text, *rest, ""]))
        (found if is_found(out, name) else not_found).add(place)
        restore(out, whole)
    names = NOT_PROVED[name]
    assert {place for place in not_found if not names & set(place)} == set()
    assert {place for place in found if names & set(place)} == set()
    assert check(out).faults == ()


def test_the_pages_name_what_is_not_proved() -> None:
    page = (ROOT / "docs/output.md").read_text()
    section = page.split("## Checking it")[1].split("\n## ")[0]
    for names in NOT_PROVED.values():
        assert [name for name in names if f"`{name}`" not in section] == []
