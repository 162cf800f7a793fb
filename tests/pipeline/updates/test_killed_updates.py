"""Updates that end anywhere: readers have a whole generation, and the next call goes on."""

import contextlib
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import reader
from pipeline.errors import JobError
from pipeline.updates import cleaning
from pipeline.verify.check_folder import VerifyConfig, verify
from tests.pipeline.updates.growing import GrowingCorpus, content_of, history_of, text_of
from transforms.io import storage

WRITES = ("duplicate", "write_text", "atomic_write", "rename", "delete")


class KilledError(BaseException):
    """Ends a call as a signal would: nothing catches it."""


@contextlib.contextmanager
def killed_at(count: int) -> Iterator[list[str]]:
    """Kill the call before or after the n-th step of a write by the main thread.

    Yields:
        the steps that were taken.
    """
    steps: list[str] = []

    def step(name: str) -> None:
        if threading.current_thread() is threading.main_thread():
            steps.append(name)
            if len(steps) == count:
                raise KilledError

    def around(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            step(f"before {name}")
            result = original(*arguments, **named)
            step(f"after {name}")
            return result

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in WRITES:
            patch.setattr(storage, name, around(name, getattr(storage, name)))
        yield steps


@pytest.mark.slow
@pytest.mark.parametrize("check", ["time", "content"])
def test_at_every_step(check: str, growing: GrowingCorpus) -> None:
    finished, settings = growing.output.with_name("finished"), {"check": check, "update": True}
    shutil.copytree(growing.output, finished)
    before = reader.load_embeddings(str(finished)).ids
    growing.touch("a.txt")
    growing.append("b.txt", text_of(90))
    growing.write("d.txt", text_of(50))
    growing.remove("c.txt")
    growing.embed(**settings)
    expected, after = content_of(growing.output), reader.load_embeddings(str(growing.output)).ids
    history = history_of(growing.output)
    for count in range(1, 1000):
        shutil.rmtree(growing.output)
        shutil.copytree(finished, growing.output)
        with killed_at(count) as steps, contextlib.suppress(KilledError):
            growing.embed(**settings)
        if len(steps) < count:
            break
        assert reader.load_embeddings(str(growing.output)).ids in (before, after), steps
        # Without the flag only once the new plan is there.
        assert verify(VerifyConfig(str(growing.output))).faults == (), steps
        has_plan = (growing.output / "plan.jsonl").read_text() == expected["lines"]
        growing.embed(**settings if not has_plan or count % 2 else {})
        assert content_of(growing.output) == expected, steps
        assert history_of(growing.output) == history, steps
        assert reader.load_embeddings(str(growing.output), generation=1).ids == before
        assert verify(VerifyConfig(str(growing.output))).faults == (), steps
    assert count > 20
    growing.assert_as_from_nothing()


class Changes:
    """Random changes of a corpus, and random calls, most of which fail somewhere."""

    def __init__(self, growing: GrowingCorpus, seed: int) -> None:
        self._growing, self._random = growing, random.Random(seed)

    def change(self) -> None:
        """Add, append to, rewrite, touch or remove a file."""
        names = sorted(path.name for path in self._growing.folder.iterdir())
        number = self._random.randrange(1000)
        lines = self._random.choice([1, 2, 12, 60])
        name = self._random.choice(names)
        kind = self._random.randrange(6)
        if kind == 0 and len(names) > 2:
            self._growing.remove(name)
        elif kind == 1:
            self._growing.touch(name)
        elif kind == 2:
            self._growing.write(name, text_of(number, lines))
        elif kind == 3:
            self._growing.append(name, text_of(number, lines).removesuffix("\n"))
        else:
            self._growing.write(f"{number}.txt", text_of(number, lines))

    def call(self) -> None:
        """Update, kill an update, let its parts fail, or clean."""
        settings = {"check": self._random.choice(["time", "content"]), "update": True}
        kind = self._random.randrange(5)
        if kind == 0:
            cleaning.clean(str(self._growing.output), self._random.randint(1, 3))
        elif kind == 1:
            self._growing.embed(**settings)
        elif kind == 2:
            self._fail(settings)
        else:
            with killed_at(self._random.randint(1, 30)), contextlib.suppress(KilledError):
                self._growing.embed(**settings)

    def _fail(self, settings: dict[str, Any]) -> None:
        left = self._random.randint(0, 4)
        from transforms.write import write_part

        def failing(*arguments: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise OSError(28, "No space left on device")
            return write_part(*arguments)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("transforms.write.write_part", failing)
            with contextlib.suppress(JobError):
                self._growing.embed(**settings)


def files_in(folder: Path) -> set[str]:
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return {name for name in names if not name.startswith(("report.html", "changes/"))}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_any_sequence_of_changes_kills_and_updates(seed: int, growing: GrowingCorpus) -> None:
    changes, output = Changes(growing, seed), str(growing.output)
    numbers = [1]
    for _ in range(12):
        for _ in range(changes._random.randint(0, 3)):
            changes.change()
        changes.call()
        assert verify(VerifyConfig(output)).faults == ()
        numbers.append(content_generation(growing.output))
    assert numbers == sorted(numbers)
    growing.update()
    growing.assert_as_from_nothing()
    assert verify(VerifyConfig(output, sample=30)).faults == ()
    cleaning.clean(output, 1)
    assert files_in(growing.output) == files_in(growing.output.with_name("fresh"))


def content_generation(output: Path) -> int:
    try:
        return history_of(output)["generation"]
    except KeyError:
        return 1
