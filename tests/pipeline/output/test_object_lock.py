"""The lock of a folder in an object store."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import msgspec
import pytest

from pipeline.errors import JobError, UsageError
from pipeline.options import conversion
from pipeline.output import lease, lock, lock_owner, object_lock, output_folder
from pipeline.output.layout import LOCK_FILE, PLAN_FILE, RUN_FILE
from pipeline.output.lock_owner import LockOwner
from pipeline.output.run_file import Run
from tests.paths import ROOT
from tests.pipeline import object_stores
from transforms.io import storage
from transforms.io.conditional import conditional_object
from transforms.io.conditional.conditional_object import ConditionalObject, NoConditionsError

STARTS = 40
OTHER = LockOwner(nonce="other", host="there", process=7, processes="", since="yesterday")


@pytest.fixture(scope="module", params=object_stores.STORES)
def store(request: pytest.FixtureRequest) -> Iterator[object_stores.Store]:
    with object_stores.without_waiting(request.param) as store:
        yield store


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock of waiting jobs that the test sets, and short pauses."""
    seconds = [0.0]
    monkeypatch.setattr(lease, "now", lambda: seconds[0])
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.02)
    monkeypatch.setattr(object_lock, "_LOOK_SECONDS", 0.01)
    return seconds


@pytest.fixture
def folder(store: object_stores.Store, request: pytest.FixtureRequest) -> str:
    return f"{store.url}/{request.node.originalname}/out"


def names(store: object_stores.Store, folder: str) -> list[str]:
    return list(store.objects(folder.removeprefix(f"{store.url}/")))


def put(store: object_stores.Store, folder: str, owner: LockOwner) -> None:
    name = f"{folder}/{LOCK_FILE}".removeprefix(f"{store.url}/")
    store.upload(name, msgspec.json.encode(owner))


def holder(folder: str) -> LockOwner | None:
    # Other readers take several requests, and the object is written again meanwhile.
    stored = conditional_object.open_object(f"{folder}/{LOCK_FILE}").read()
    return lock_owner.decode(stored.content) if stored else None


def test_a_second_job_is_refused_until_the_first_ends(
    store: object_stores.Store, folder: str, capfd: pytest.CaptureFixture
) -> None:
    refused = "another embed is running in it (process "
    with lock.hold(folder):
        assert names(store, folder) == [LOCK_FILE]
        with pytest.raises(UsageError) as raised, lock.hold(folder):
            pass
        assert str(raised.value).startswith(f"--output {folder}: {refused}")
        assert f"--output {folder}: it is locked by process" in capfd.readouterr().err
        assert names(store, folder) == [LOCK_FILE]
    assert names(store, folder) == []
    with lock.hold(f"{folder}/"):
        pass
    assert names(store, folder) == []


def fail_in(folder: str) -> None:
    with lock.hold(folder):
        raise ZeroDivisionError


def test_a_job_that_fails_leaves_no_lock(store: object_stores.Store, folder: str) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_in(folder)
    assert names(store, folder) == []


def test_the_lock_of_a_dead_process_of_this_machine_is_taken_at_once(
    store: object_stores.Store, folder: str, capfd: pytest.CaptureFixture
) -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    here = lock_owner.this_process()
    put(store, folder, msgspec.structs.replace(here, process=ended.pid))
    with lock.hold(folder):
        owner = holder(folder)
        assert owner is not None
        assert owner.nonce != here.nonce
        assert capfd.readouterr().err == ""
    assert names(store, folder) == []


def test_a_silent_lock_of_another_machine_is_taken_when_it_has_expired(
    store: object_stores.Store,
    folder: str,
    clock: list[float],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
) -> None:
    put(store, folder, OTHER)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        clock[0] += lease.EXPIRE_SECONDS / 4

    monkeypatch.setattr(object_lock, "time", type("Time", (), {"sleep": staticmethod(pause)}))
    with lock.hold(folder):
        assert len(pauses) == 4
        assert holder(folder) != OTHER
    assert names(store, folder) == []
    assert capfd.readouterr().err == (
        f"beam-bert: --output {folder}: it is locked by process 7 of host there, since yesterday; "
        "waiting up to 60 s to see whether that job still runs\n"
    )


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """A process that Ctrl-C interrupts, also where a shell started it in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def wait_in(store: object_stores.Store, folder: str) -> None:
    with lock.hold(folder):
        put(store, folder, OTHER)
        # Interrupted long before.
        time.sleep(60)


@pytest.mark.usefixtures("_interruptible")
def test_a_job_whose_lock_is_taken_ends_and_leaves_that_of_the_other(
    store: object_stores.Store, folder: str
) -> None:
    with pytest.raises(JobError, match=f"^--output {folder}: another embed has taken it over"):
        wait_in(store, folder)
    assert holder(folder) == OTHER


def test_a_job_in_another_thread_ends_with_the_same_error(
    store: object_stores.Store, folder: str
) -> None:
    errors = []

    def run() -> None:
        try:
            with lock.hold(folder):
                put(store, folder, OTHER)
                (renewal,) = (one for one in threading.enumerate() if one.name == "lock")
                renewal.join()
        except JobError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert len(errors) == 1
    assert holder(folder) == OTHER


def test_a_store_that_does_not_answer_for_a_while_ends_no_job(
    store: object_stores.Store, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures, write = threading.Semaphore(0), ConditionalObject.write

    def fail(*_: object) -> None:
        failures.release()
        raise OSError("no answer")

    with lock.hold(folder):
        monkeypatch.setattr(ConditionalObject, "write", fail)
        for _ in range(3):
            failures.acquire()
        monkeypatch.setattr(ConditionalObject, "write", write)
        before = holder(folder)
        while holder(folder) == before:
            time.sleep(0.01)
    assert names(store, folder) == []


@pytest.mark.parametrize("says_so", [True, False])
def test_a_store_without_conditional_writes_is_not_locked(
    store: object_stores.Store,
    folder: str,
    says_so: bool,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
) -> None:
    def write(stored: ConditionalObject, *_: object) -> None:
        raise NoConditionsError(stored.path)

    if says_so:
        monkeypatch.setattr(ConditionalObject, "write", write)
    else:
        monkeypatch.setattr(ConditionalObject, "refuses_other_versions", lambda _: False)
    with lock.hold(folder), lock.hold(folder):
        assert names(store, folder) == []
    line = "this store has no conditional writes, so the folder cannot be locked"
    assert capfd.readouterr().err.count(f"beam-bert: --output {folder}: {line}") == 2


def test_a_folder_that_cannot_be_written_is_named(store: object_stores.Store) -> None:
    folder = f"{store.url}-that-is-not-there/out"
    with pytest.raises(UsageError, match=f"^--output {folder}: cannot be written: {folder}/lock"):
        fail_in(folder)


@pytest.mark.slow
def test_of_many_starts_one_holds_at_a_time(store: object_stores.Store, folder: str) -> None:
    gate, inside, held, refused = threading.Barrier(STARTS), set(), [], []

    def start(number: int) -> None:
        gate.wait()
        try:
            with lock.hold(folder):
                inside.add(number)
                owner = holder(folder)
                time.sleep(0.01)
                after = holder(folder)
                assert owner is not None
                assert after is not None
                held.append((owner.nonce == after.nonce, set(inside)))
                inside.remove(number)
        except UsageError:
            refused.append(number)

    threads = [threading.Thread(target=start, args=(number,)) for number in range(STARTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert held
    assert len(held) + len(refused) == STARTS
    assert all(is_own and len(numbers) == 1 for is_own, numbers in held)
    assert names(store, folder) == []


HOLDER = """
import sys
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.io.filesystems import FileSystems
from pipeline.output import lease, lock
FileSystems.set_options(PipelineOptions([]))
lease.RENEW_SECONDS = 0.02
with lock.hold(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
@pytest.mark.parametrize("store", ["s3"], indirect=True)
def test_the_lock_of_a_killed_job_is_taken(store: object_stores.Store, folder: str) -> None:
    command = [sys.executable, "-c", HOLDER, folder]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(UsageError), lock.hold(folder):
            pass
        process.kill()
        process.wait()
    assert names(store, folder) == [LOCK_FILE]
    with lock.hold(folder):
        pass
    assert names(store, folder) == []


def test_a_new_job_in_the_folder_deletes_all_but_its_lock(
    store: object_stores.Store, folder: str
) -> None:
    settings = {"input": ["in.txt"], "output": folder, "overwrite": True}
    config = conversion.embed_config(conversion.settings_of(settings))
    storage.write_text(folder, RUN_FILE, "{}")
    storage.write_text(folder, "pooled/x", "")
    with lock.hold(folder):
        before = holder(folder)
        output_folder.begin(config, Run(config.identity(), "0" * 64), [])
        after = holder(folder)
        assert before is not None
        assert after is not None
        assert after.nonce == before.nonce
    assert names(store, folder) == [PLAN_FILE, RUN_FILE]
