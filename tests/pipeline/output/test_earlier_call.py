"""An earlier call of a job is found although run.json or plan.jsonl is damaged, or refused."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.errors import UsageError
from pipeline.options.embed_config import EmbedConfig
from pipeline.output import (
    earlier_call,
    folder_checks,
    output_folder,
    plan_file,
    run_file,
)
from pipeline.output.earlier_call import Earlier
from pipeline.output.run_file import Run
from tests.pipeline import corpus
from tests.pipeline.test_damage import DAMAGES, Damage
from tests.pipeline.verify.damaging import check, edit_json
from transforms.documents import Split
from transforms.io import storage

DESCRIBING = ("run.json", "plan.jsonl")
Tree = dict[str, bytes]


def tree(folder: Path) -> Tree:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Folder:
    """A copy of a finished job, and its command."""

    def __init__(self, finished: Path, output: Path, globs: list[str], model: Path) -> None:
        self.output = Path(
            shutil.copytree(finished, output, ignore=shutil.ignore_patterns("transform*"))
        )
        self.config = corpus.config(globs, output, model)
        self.splits = plan_file.load_plan(str(output))
        self.run: Run = run_file.load_run(str(output))

    def find(self, splits: list[Split] | None = None, **settings: object) -> Earlier:
        """Find an earlier call of the job, or of one with other settings."""
        now = self.splits if splits is None else splits
        configuration = {**self.run.configuration, **settings}
        run = Run(configuration, self.run.model, plan=plan_file.fingerprint(now))
        return earlier_call.find_earlier(self.config, run, now)


@pytest.fixture
def folder(finished: Path, tmp_path: Path, globs: list[str], tiny_path: Path) -> Folder:
    return Folder(finished, tmp_path / "out", globs, tiny_path)


def longer(splits: list[Split]) -> list[Split]:
    return [*splits, splits[-1]]


def test_an_undamaged_job_is_followed_and_not_written(folder: Folder) -> None:
    before = tree(folder.output)
    found = folder.find()
    assert found == Earlier(folder.run, folder.splits)
    assert earlier_call.follow(folder.config, found) == folder.run
    assert tree(folder.output) == before


@pytest.mark.parametrize(
    ("flag", "value", "default"),
    [
        ("--special_tokens", "keep", "split"),
        ("--prompt", "query: ", "not given"),
        ("--csv_quoting", "none", "auto"),
    ],
)
def test_a_flag_that_one_call_leaves_out_is_compared(
    folder: Folder, flag: str, value: str, default: str
) -> None:
    with pytest.raises(UsageError, match=f"{flag} {default} there, {value} now"):
        folder.find(**{flag: value})
    edit_json(folder.output / "run.json", lambda run: run["configuration"].update({flag: value}))
    with pytest.raises(UsageError, match=f"{flag} {value} there, {default} now"):
        folder.find()
    assert folder.find(**{flag: value}).run is not None


@pytest.mark.parametrize("damage", [*DAMAGES, Path.unlink])
def test_a_damaged_plan_is_written_again(damage: Damage, folder: Folder) -> None:
    before = tree(folder.output)
    damage(folder.output / "plan.jsonl")
    found = folder.find()
    assert found == Earlier(folder.run, folder.splits, plan_differs=True)
    earlier_call.follow(folder.config, found)
    assert tree(folder.output) == before


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_plan_of_another_input_is_refused(damage: Damage, folder: Folder) -> None:
    damage(folder.output / "plan.jsonl")
    before = tree(folder.output)
    with pytest.raises(UsageError, match=r"belongs to another job: .*\n.*--overwrite"):
        folder.find([split for split in folder.splits if "packed" not in split.source.path])
    continued = r"--max_seq_length 8 there, 9 now\.\nGive these flags as they are there to continue"
    with pytest.raises(UsageError, match=continued):
        folder.find(**{"--max_seq_length": 9})
    assert tree(folder.output) == before


def test_receipts_prove_a_plan_whose_hash_is_not_in_run_json(folder: Folder) -> None:
    """As when a file could not be read when the job began."""
    (folder.output / "plan.jsonl").write_bytes(b"")
    edit_json(folder.output / "run.json", lambda run: run.update(plan="0" * 64))
    found = folder.find()
    assert found.plan_differs
    run = earlier_call.follow(folder.config, found)
    assert run == folder.run
    assert run_file.load_run(str(folder.output)) == folder.run
    for receipt in folder.output.glob("receipts/*"):
        receipt.unlink()
    (folder.output / "plan.jsonl").write_bytes(b"")
    with pytest.raises(UsageError, match="another job"):
        folder.find(longer(folder.splits))


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("damage_plan", [lambda _: None, *DAMAGES])
def test_a_damaged_run_is_found(damage: Damage, damage_plan: Damage, folder: Folder) -> None:
    damage(folder.output / "run.json")
    damage_plan(folder.output / "plan.jsonl")
    before = tree(folder.output)
    assert folder.find() == Earlier(None, folder.splits, run_is_damaged=True)
    assert tree(folder.output) == before


def test_a_plan_that_ends_with_a_line_is_damaged_too(folder: Folder) -> None:
    (folder.output / "run.json").write_bytes(b"")
    plan = folder.output / "plan.jsonl"
    plan.write_text("".join(plan.read_text().splitlines(keepends=True)[:2]))
    assert folder.find().run_is_damaged


def no_plan(out: Path) -> None:
    (out / "plan.jsonl").unlink()


def other_file(out: Path) -> None:
    (out / "mine.txt").touch()


def of_another_program(out: Path) -> None:
    (out / "run.json").write_text('{"mine": 1}')


def other_version(out: Path) -> None:
    (out / "run.json").write_text('{"format_version": 2}')


def other_plan(out: Path) -> None:
    plan = (out / "plan.jsonl").read_text()
    (out / "plan.jsonl").write_text(plan.replace("lines.txt", "other.txt"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (no_plan, "run.json is damaged.*; --overwrite starts again"),
        (other_file, r"contains 'mine\.txt', which is not part of a job"),
        (of_another_program, "cannot be read: .*; --overwrite starts again"),
        (
            other_version,
            r"has format version 2, not 3: read it with beam-bert 0\.1\.0, .*; --overwrite",
        ),
        (other_plan, r"belongs to another job: run\.json is damaged; .*other\.txt is missing"),
    ],
)
def test_a_folder_that_may_be_of_others_is_refused(
    change: Callable[[Path], None], message: str, folder: Folder
) -> None:
    (folder.output / "run.json").write_bytes(b"")
    change(folder.output)
    before = tree(folder.output)
    with pytest.raises(UsageError, match=message) as refused:
        folder.find()
    assert len(str(refused.value).splitlines()) <= 2
    assert tree(folder.output) == before


@pytest.mark.parametrize("command", ["status", "verify", "report"])
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", DESCRIBING)
def test_other_commands_name_the_remedy(
    name: str, damage: Damage, command: str, folder: Folder, capsys: pytest.CaptureFixture
) -> None:
    damage(folder.output / name)
    status = cli.main([command, str(folder.output)])
    output = capsys.readouterr()
    if command == "verify" and not output.err:
        # A plan that can be read is compared.
        assert status == 1
        verdict = check(folder.output)
        assert verdict.faults[0] == "plan.jsonl: its sha256 differs from the one in run.json"
        assert verdict.remedy.startswith("run the same embed again: it writes plan.jsonl again")
        assert not verdict.invalidated
    else:
        assert status == 2
        assert f"{name} is damaged: " in output.err
        assert output.err.endswith("; the same embed command writes it again\n")
        assert len(output.err.splitlines()) == 1


class Killer:
    """Lets some calls of functions pass, and breaks off at the next."""

    def __init__(self, calls: int) -> None:
        self._left = calls

    def before(self, function: Callable[..., None]) -> Callable[..., None]:
        """Return a function that may break off before it does anything."""

        def call(*arguments: object) -> None:
            self._left -= 1
            if self._left < 0:
                raise KeyboardInterrupt
            function(*arguments)

        return call


def begin(folder: Folder, config: EmbedConfig, calls: int) -> bool:
    """Start the job again; return whether it was done after this many deletions and writes."""
    killer = Killer(calls)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output_folder, "delete", killer.before(output_folder.delete))
        patch.setattr(storage, "write_text", killer.before(storage.write_text))
        try:
            output_folder.begin(config, folder.run, folder.splits)
        except KeyboardInterrupt:
            return False
    return True


def test_an_overwrite_that_is_killed_can_be_repeated(folder: Folder, tmp_path: Path) -> None:
    config = dataclasses.replace(folder.config, overwrite=True)
    whole = shutil.copytree(folder.output, tmp_path / "whole")
    calls = 0
    while not begin(folder, config, calls):
        folder_checks.check_may_be_overwritten(config)
        assert earlier_call.find_earlier(config, folder.run, folder.splits).run is None
        shutil.copytree(whole, folder.output, dirs_exist_ok=True)
        calls += 1
    assert calls > 10
    left = sorted(path.name for path in folder.output.iterdir() if path.is_file())
    assert left == sorted(DESCRIBING)


def test_what_a_first_overwrite_leaves_before_run_json_may_be_overwritten(
    tmp_path: Path, globs: list[str], tiny_path: Path
) -> None:
    config = corpus.config(globs, tmp_path, tiny_path, overwrite=True)
    (tmp_path / "tmp").mkdir()
    (tmp_path / "plan.jsonl").touch()
    folder_checks.check_may_be_overwritten(config)
    for name in ("pooled", "bigquery", "other"):
        (tmp_path / name).mkdir()
        with pytest.raises(UsageError, match="will not delete in it"):
            folder_checks.check_may_be_overwritten(config)
        (tmp_path / name).rmdir()
