"""Every byte of two small jobs: configuration, names, keys, records, receipts, manifest.

The figures were written by `tests/data/make_golden_job.py` before the packages were rearranged.
A change of them changes what users have on disk: raise FORMAT_VERSION, and say so in CHANGELOG.md.
"""

import json
from pathlib import Path

import pytest

from tests.pipeline import golden_job

pytestmark = pytest.mark.slow


@pytest.mark.usefixtures("own_sample")
def test_two_jobs_leave_what_they_always_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    expected = json.loads((golden_job.MODULE.parent / "figures.json").read_text())
    assert json.loads(json.dumps(golden_job.figures(tmp_path))) == expected
