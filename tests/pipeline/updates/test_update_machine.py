"""Any sequence of changes, updates, kills and cleanings ends as a job from nothing would."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pipeline.errors import JobError
from pipeline.updates import cleaning
from pipeline.verify.check_folder import VerifyConfig, verify
from tests.pipeline.updates.growing import begin, files_in, generation_of, text_of
from tests.pipeline.updates.killing import KilledError, killed_at
from transforms.write import write_part

# 200 steps in all.
STEPS = settings(
    max_examples=5,
    stateful_step_count=40,
    deadline=None,
    database=None,
    # A shorter sequence with the same failure would take an hour to find.
    phases=[Phase.explicit, Phase.generate],
)
FILES, LINES = st.integers(0, 9), st.sampled_from([1, 2, 12, 60])
TEXTS, CHECKS = st.integers(0, 999), st.sampled_from(["time", "content"])


class UpdateMachine(RuleBasedStateMachine):
    """A corpus that changes, and calls over it, some of which fail or are killed."""

    def __init__(self, model: Path) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp())
        self.growing = begin(self.place, model)
        self.output = str(self.growing.output)
        self.generation = 1
        self.more = self.growing.folder.with_name("more")
        self.more.mkdir()
        self.growing.write("../more/a.txt", text_of(500))
        self.globs = [str(self.growing.folder)]

    def _name(self, number: int) -> str:
        names = sorted(path.name for path in self.growing.folder.iterdir())
        return names[number % len(names)]

    @rule(number=TEXTS, lines=LINES)
    def add(self, number: int, lines: int) -> None:
        self.growing.write(f"{number}.txt", text_of(number, lines))

    @rule(number=TEXTS, lines=LINES)
    def add_elsewhere(self, number: int, lines: int) -> None:
        self.growing.write(f"../more/{number}.txt", text_of(number, lines))

    @rule(choice=st.integers(0, 3))
    def list_others(self, choice: int) -> None:
        first, more = str(self.growing.folder), str(self.more)
        self.globs = [[first], [first, more], [more, first], [f"{first}/*.txt"]][choice]

    @rule(file=FILES, number=TEXTS, lines=LINES)
    def rewrite(self, file: int, number: int, lines: int) -> None:
        self.growing.write(self._name(file), text_of(number, lines))

    @rule(file=FILES, number=TEXTS, lines=LINES)
    def append(self, file: int, number: int, lines: int) -> None:
        # The next text may continue the last line.
        self.growing.append(self._name(file), text_of(number, lines).removesuffix("\n"))

    @rule(file=FILES)
    def touch(self, file: int) -> None:
        self.growing.touch(self._name(file))

    @precondition(lambda self: len(list(self.growing.folder.iterdir())) > 2)
    @rule(file=FILES)
    def remove(self, file: int) -> None:
        self.growing.remove(self._name(file))

    @rule(check=CHECKS)
    def update(self, check: str) -> None:
        self.growing.update(check=check, globs=self.globs)
        self._check()

    @rule(check=CHECKS, step=st.integers(1, 30))
    def kill(self, check: str, step: int) -> None:
        with killed_at(step), contextlib.suppress(KilledError):
            self.growing.update(check=check, globs=self.globs)
        self._check()

    @rule(check=CHECKS, parts=st.integers(0, 4))
    def fail(self, check: str, parts: int) -> None:
        with disk_full_after(parts), contextlib.suppress(JobError):
            self.growing.update(check=check, globs=self.globs)
        self._check()

    @rule(keep=st.integers(1, 3))
    def clean(self, keep: int) -> None:
        cleaning.clean(self.output, keep)
        self._check()

    def _check(self) -> None:
        assert verify(VerifyConfig(self.output)).faults == ()
        before, self.generation = self.generation, generation_of(self.growing.output)
        assert before <= self.generation

    def teardown(self) -> None:
        try:
            self.growing.update(globs=self.globs)
            self.growing.assert_as_from_nothing(globs=self.globs)
            assert verify(VerifyConfig(self.output, sample=30)).faults == ()
            cleaning.clean(self.output, 1)
            fresh = self.growing.output.with_name("fresh")
            assert files_in(self.growing.output) == files_in(fresh)
        finally:
            shutil.rmtree(self.place)


@contextlib.contextmanager
def disk_full_after(parts: int) -> Iterator[None]:
    """Let the writing of parts fail after some."""
    left = parts

    def failing(*arguments: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(28, "No space left on device")
        return write_part(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("transforms.write.write_part", failing)
        yield


@pytest.mark.slow
def test_any_sequence_ends_as_a_job_from_nothing(tiny_path: Path) -> None:
    run_state_machine_as_test(lambda: UpdateMachine(tiny_path), settings=STEPS)
