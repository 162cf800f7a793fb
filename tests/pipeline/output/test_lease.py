"""A lease in a store that loses answers, wanted by jobs that come, wait, renew and are killed."""

import contextlib
import itertools
import os
import subprocess
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from pipeline.output import lease, lock_owner
from pipeline.output.lease import EXPIRE_SECONDS, Claim, Lease, LeaseHeldError
from pipeline.output.lock_owner import LockOwner
from transforms.io.conditional.object_requests import StoredObject

NONE, BEFORE, LOST, REPEATED = "none", "before", "lost", "repeated"
MACHINES, MOST_JOBS = 2, 4


def owner(number: int, **fields: Any) -> LockOwner:
    known = {"nonce": str(number), "host": "h", "process": number, "processes": "", "since": "t"}
    return LockOwner(**known | fields)


class Memory:
    """One object with conditional writes; the next operations may fail.

    A fault comes before the operation, or its answer is `lost`. A write may also be `repeated`
    after a lost answer, and so refused although it was executed.
    """

    def __init__(self) -> None:
        self.stored: StoredObject | None = None
        self.faults: list[str] = []
        self.writes: list[tuple[StoredObject | None, StoredObject | None]] = []
        self._versions = map(str, itertools.count())

    def read(self) -> StoredObject | None:
        if self._drawn() != NONE:
            raise OSError("no answer")
        return self.stored

    def write(self, content: bytes, version: str | None) -> str | None:
        fault = self._drawn()
        if fault == BEFORE:
            raise OSError("no answer")
        executed = version == (self.stored and self.stored.version)
        if executed:
            self._put(StoredObject(content, next(self._versions)))
        if fault == LOST:
            raise OSError("no answer")
        return self.stored.version if executed and fault == NONE and self.stored else None

    def delete(self, version: str) -> None:
        fault = self._drawn()
        if fault != BEFORE and self.stored and self.stored.version == version:
            self._put(None)
        if fault != NONE:
            raise OSError("no answer")

    def _put(self, stored: StoredObject | None) -> None:
        self.writes.append((self.stored, stored))
        self.stored = stored

    def _drawn(self) -> str:
        return self.faults.pop(0) if self.faults else NONE

    def nonce(self) -> str | None:
        return nonce_of(self.stored)


def nonce_of(stored: StoredObject | None) -> str | None:
    decoded = stored and lock_owner.decode(stored.content)
    return decoded.nonce if decoded else None


class Job:
    def __init__(self, number: int, memory: Memory) -> None:
        self.owner = owner(number, processes=str(number % MACHINES))
        self.lease = Lease(memory, self.owner)
        self.claim = Claim(self.lease)
        self.holds = False


jobs = st.integers(0, MOST_JOBS - 1)
faults = st.just([]) | st.lists(st.sampled_from([NONE, BEFORE, LOST, REPEATED]), max_size=3)


class Jobs(RuleBasedStateMachine):
    """No job takes or deletes what another may hold: only what it left, or has not renewed."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = Memory()
        self.time = self.written_at = 0.0
        self.numbers = itertools.count(1)
        self.running: list[Job] = []
        self.active: Job | None = None
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(lease, "now", lambda: self.time)
        self.patch.setattr(lock_owner, "has_ended", self.has_ended)

    def teardown(self) -> None:
        try:
            self.killed_jobs_hold_nothing()
        finally:
            self.patch.undo()

    def has_ended(self, other: LockOwner) -> bool:
        """Whether a process has ended, as far as the machine of the active job can know."""
        assert self.active
        is_here = other.processes == self.active.owner.processes
        return is_here and not any(job.owner.nonce == other.nonce for job in self.running)

    @precondition(lambda self: len(self.running) < MOST_JOBS)
    @rule()
    def start(self) -> None:
        self.running.append(Job(next(self.numbers), self.memory))

    @rule(seconds=st.sampled_from([1.0, 10.0, EXPIRE_SECONDS / 2, EXPIRE_SECONDS]))
    def pass_time(self, seconds: float) -> None:
        self.time += seconds

    @precondition(lambda self: self.running)
    @rule(place=jobs, faults=faults)
    def act(self, place: int, faults: list[str]) -> None:
        """Let a job ask for the lease or renew it; one whose store does not answer goes on."""
        self.active, self.memory.faults = self.running[place % len(self.running)], [*faults]
        try:
            if self.active.holds:
                self.renew(self.active)
            else:
                self.active.holds = self.active.claim.attempt()
        except LeaseHeldError:
            assert self.memory.nonce() != self.active.owner.nonce
            self.running.remove(self.active)
        except OSError:
            assert set(faults) - {NONE}
            if not self.active.holds:
                self.running.remove(self.active)
        self.check_writes()

    def renew(self, job: Job) -> None:
        still = job.lease.renew()
        assert still == (self.memory.nonce() == job.owner.nonce)
        if not still:
            self.running.remove(job)

    @precondition(lambda self: any(job.holds for job in self.running))
    @rule(place=jobs, faults=faults)
    def release(self, place: int, faults: list[str]) -> None:
        holders = [job for job in self.running if job.holds]
        self.active, self.memory.faults = holders[place % len(holders)], [*faults]
        with contextlib.suppress(OSError):
            self.active.lease.release()
            assert self.memory.nonce() != self.active.owner.nonce
        self.running.remove(self.active)
        self.check_writes()

    @precondition(lambda self: self.running)
    @rule(place=jobs)
    def kill(self, place: int) -> None:
        self.running.pop(place % len(self.running))

    def check_writes(self) -> None:
        """Check that nobody took or deleted what another may still hold."""
        assert self.active
        for before, after in self.memory.writes:
            writer, previous = self.active.owner.nonce, nonce_of(before)
            assert nonce_of(after) in (None, writer)
            if previous not in (None, writer):
                assert after, "another's object is deleted"
                ended = self.has_ended(lock_owner.decode(before.content))
                assert ended or self.time - self.written_at >= EXPIRE_SECONDS
            self.written_at = self.time
        self.memory.writes.clear()
        self.memory.faults = []

    def killed_jobs_hold_nothing(self) -> None:
        self.running.clear()
        self.active = Job(next(self.numbers), self.memory)
        if not self.active.claim.attempt():
            self.time += EXPIRE_SECONDS
            assert self.active.claim.attempt()
        assert self.memory.nonce() == self.active.owner.nonce
        self.active.lease.release()
        assert self.memory.stored is None


TestJobs = Jobs.TestCase
TestJobs.settings = settings(max_examples=200, stateful_step_count=40)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    time = [0.0]
    monkeypatch.setattr(lease, "now", lambda: time[0])
    return time


def test_a_lease_that_is_renewed_is_never_taken(clock: list[float]) -> None:
    memory = Memory()
    held = Lease(memory, owner(1))
    assert held.take(None)
    claim = Claim(Lease(memory, owner(2)))
    assert not claim.attempt()
    assert claim.waits_for == owner(1, renewals=1)
    clock[0] = EXPIRE_SECONDS - 1
    assert not claim.attempt()
    assert held.renew()
    clock[0] = EXPIRE_SECONDS
    with pytest.raises(LeaseHeldError, match="process 1 of host h, since t"):
        claim.attempt()


def test_a_lease_whose_holder_is_silent_is_taken_and_the_holder_notices(clock: list[float]) -> None:
    memory = Memory()
    held, next_held = Lease(memory, owner(1)), Lease(memory, owner(2))
    assert held.take(None)
    claim = Claim(next_held)
    assert not claim.attempt()
    clock[0] = EXPIRE_SECONDS
    assert claim.attempt()
    assert not held.renew()
    held.release()
    assert next_held.renew()
    next_held.release()
    assert memory.stored is None
    assert not held.renew()
    assert memory.stored is None


def test_content_that_names_nobody_is_waited_for(clock: list[float]) -> None:
    memory = Memory()
    assert memory.write(b"{", None)
    claim = Claim(Lease(memory, owner(1)))
    assert not claim.attempt()
    assert claim.waits_for is None
    clock[0] = EXPIRE_SECONDS
    assert claim.attempt()


@pytest.mark.parametrize("process", [0, -1, 2**31, "1"])
def test_numbers_that_no_process_has_name_nobody(process: object) -> None:
    content = msgspec.json.encode(msgspec.structs.asdict(owner(1)) | {"process": process})
    assert lock_owner.decode(content) is None


def test_a_process_has_ended_if_it_ran_here_and_is_gone() -> None:
    here = lock_owner.this_process()
    assert lock_owner.decode(msgspec.json.encode(here)) == here
    assert here.process == os.getpid()
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    assert not lock_owner.has_ended(here)
    assert not lock_owner.has_ended(msgspec.structs.replace(here, process=1))
    gone = msgspec.structs.replace(here, process=ended.pid)
    assert lock_owner.has_ended(gone)
    for processes in ("", f"{here.processes}1"):
        assert not lock_owner.has_ended(msgspec.structs.replace(gone, processes=processes))


def test_where_processes_cannot_be_told_apart_none_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    monkeypatch.setattr(lock_owner, "_BOOT_ID", lock_owner._BOOT_ID / "none")
    here = lock_owner.this_process()
    assert here.processes == ""
    assert not lock_owner.has_ended(msgspec.structs.replace(here, process=ended.pid))


def test_names_of_others_are_shown_on_one_line() -> None:
    hostile = owner(7, host="\x1b[31m\n" + "x" * 1000)
    words = lock_owner.describe(hostile)
    assert words.startswith("process 7 of host \\u001b[31m\\u000axx")
    assert len(words) < 200
