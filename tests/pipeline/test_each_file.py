"""A power cut damages each file that a job leaves; the same command ends with the same bytes."""

import dataclasses
import io
import json
import shutil
import sys
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline import api
from pipeline.options.embed_config import EmbedConfig
from pipeline.output import layout
from pipeline.report import seal
from pipeline.result import Summary
from tests.pipeline import corpus
from tests.pipeline.test_damage import DAMAGES, Damage, files_of, is_sound

pytestmark = pytest.mark.slow

# Unfinished files, the lock of object stores, the rows of tables, what belongs to generations, and
# digests, which nothing needs: they have tests of their own.
ELSEWHERE = {layout.TEMPORARY, layout.LOCK_FILE, layout.BIGQUERY, layout.DIGESTS}
ELSEWHERE |= {layout.MANIFESTS, layout.WITHDRAWN_MANIFEST, layout.CHANGES}
ROLES = sorted(set(layout.NAMES) - ELSEWHERE)
# Those that a receipt names, and the receipts.
OF_PARTS = {*layout.DATA_FOLDERS, layout.RECEIPTS}
WRITTEN_LAST = {layout.MANIFEST_FILE, layout.REPORT_FILE}
# Fields of a receipt that differ from call to call.
OF_THE_CALL = {"seconds", "worker", "finished"}
ROWS = [{"id": n, "text": corpus.sentence(n % 9)} for n in range(40)]
LINES = "".join(f"{json.dumps(row)}\n" for row in [*ROWS, {"id": "none"}]).encode()
JOBS = {"with repeats": {"dedup": "corpus", "features": ("mean",)}, "with tokens": {}}


@dataclasses.dataclass(frozen=True)
class SmallJob:
    """A job that reads the standard input.

    Attributes:
        config: its configuration.
        finished: what it leaves if nothing disturbs it.
    """

    config: EmbedConfig
    finished: Path

    @property
    def output(self) -> Path:
        return Path(self.config.output)

    def embed(self) -> Summary:
        """Run the command, which also draws the report."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LINES)))
            summary, problem = api.embed_and_draw(self.config, PipelineOptions([]))
        assert problem is None
        return summary

    def restore(self) -> None:
        """Put the undisturbed output in its place, with its times."""
        shutil.rmtree(self.output, ignore_errors=True)
        shutil.copytree(self.finished, self.output)


@pytest.fixture(scope="module")
def jobs(tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> list[SmallJob]:
    """Two finished jobs that together leave every file that there is."""
    made = []
    for name, settings in JOBS.items():
        folder = tmp_path_factory.mktemp(name)
        config = corpus.config([], folder / "out", tiny_path, **settings)
        read = corpus.ReadConfig(part_bytes=1024, id_field="id")
        piped = corpus.InputConfig(("-",), "jsonl", read)
        job = SmallJob(dataclasses.replace(config, input=piped), folder / "finished")
        job.embed()
        shutil.copytree(job.output, job.finished)
        made.append(job)
    return made


def names_of(folder: Path, role: str = "") -> list[Path]:
    """List the files with a content, by their paths within a folder."""
    path = folder / role
    found = [path] if path.is_file() else files_of(folder, (role,))
    return [path.relative_to(folder) for path in found]


def job_with(jobs: list[SmallJob], role: str) -> SmallJob:
    """Return the first job that leaves a file in a role."""
    return next(job for job in jobs if names_of(job.finished, role))


def is_of_a_part(name: Path) -> bool:
    return name.parts[0] in OF_PARTS and not name.stem.startswith("schema")


def groups_of(folder: Path, role: str) -> list[list[Path]]:
    """Return each file of a role by itself, but those of the parts, which do not share one."""
    names = names_of(folder, role)
    together = [name for name in names if is_of_a_part(name)]
    alone = [[name] for name in names if not is_of_a_part(name)]
    return alone + ([together] if together else [])


def leave_half(folder: Path) -> None:
    """Leave what a job has whose last parts and last files are not written yet."""
    for name in WRITTEN_LAST:
        (folder / name).unlink()
    receipts = sorted(folder.glob("receipts/*"))
    for receipt in receipts[len(receipts) // 2 :]:
        receipt.unlink()


def assert_same(job: SmallJob) -> None:
    assert names_of(job.output) == names_of(job.finished)
    for name in names_of(job.output):
        assert content(job.output / name) == content(job.finished / name), name
    assert seal.is_whole(str(job.output))
    assert is_sound(job.output)


def content(path: Path) -> object:
    """Return what of a file is the same whenever the job runs."""
    stored = path.read_bytes()
    if path.parent.name == layout.RECEIPTS:
        return {key: value for key, value in json.loads(stored).items() if key not in OF_THE_CALL}
    if path.name == layout.REPORT_FILE:
        # It shows the speed of each part.
        return None
    return stored


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("role", ROLES)
def test_of_a_finished_job(damage: Damage, role: str, jobs: list[SmallJob]) -> None:
    job = job_with(jobs, role)
    for names in groups_of(job.finished, role):
        job.restore()
        for name in names:
            damage(job.output / name)
        job.embed()
        assert_same(job)
        if not is_of_a_part(names[0]):
            assert times_of_parts(job.output) == times_of_parts(job.finished)
            drawn = [folder / layout.REPORT_FILE for folder in (job.output, job.finished)]
            assert drawn[0].read_bytes() == drawn[1].read_bytes()


def times_of_parts(folder: Path) -> dict[Path, int]:
    names = filter(is_of_a_part, names_of(folder))
    return {name: (folder / name).stat().st_mtime_ns for name in names}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [layout.RUN_FILE, layout.PLAN_FILE])
def test_of_a_job_that_is_half_done(damage: Damage, name: str, jobs: list[SmallJob]) -> None:
    job = jobs[0]
    job.restore()
    leave_half(job.output)
    kept = times_of_parts(job.output)
    damage(job.output / name)
    job.embed()
    assert_same(job)
    done = [path.name for path in kept if path.parent.name == layout.RECEIPTS]
    assert done
    assert all(
        (job.output / path).stat().st_mtime_ns == time
        for path, time in kept.items()
        if f"{path.stem}.json" in done
    )


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize(("half", "name"), [(True, "with repeats"), (False, "with tokens")])
def test_of_all_at_once(number: int, half: bool, name: str, jobs: list[SmallJob]) -> None:
    """Each file is damaged in each way, run.json and plan.jsonl too."""
    job = jobs[list(JOBS).index(name)]
    job.restore()
    if half:
        leave_half(job.output)
    for place, damaged in enumerate(names_of(job.output)):
        DAMAGES[(place + number) % 3](job.output / damaged)
    job.embed()
    assert_same(job)


def test_every_file_has_a_role(jobs: list[SmallJob]) -> None:
    for job in jobs:
        assert {path.name for path in job.finished.iterdir()} <= set(ROLES)
    assert {role for job in jobs for role in ROLES if names_of(job.finished, role)} == set(ROLES)
