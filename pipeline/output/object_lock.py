"""Lock a folder of an object store by an object in it that is written conditionally."""

import contextlib
import threading
import time
from collections.abc import Iterator

from pipeline.console import interruption, printing
from pipeline.errors import JobError, UsageError
from pipeline.output import lease, lock_owner
from pipeline.output.layout import LOCK_FILE
from pipeline.output.lease import Claim, Lease, LeaseHeldError
from transforms.io import storage
from transforms.io.conditional import conditional_object
from transforms.io.conditional.conditional_object import NoConditionsError

_LOOK_SECONDS = 2.0
# A job ends after so long, even if the last renewal has no answer; its lock is then left to expire.
_END_SECONDS = 10.0


@contextlib.contextmanager
def hold(folder: str) -> Iterator[None]:
    """Lock a folder against jobs of all machines, while the block runs.

    A process that ends in whatever way leaves an object, which the next job takes over: at once on
    the same machine, else when it was not renewed for `lease.EXPIRE_SECONDS`. If another job takes
    over while the block runs, because this process could not renew the object for so long, the
    block is interrupted. A store without conditional writes is not locked.

    Raises:
        UsageError: another job has locked the folder, or it cannot be written.
        JobError: another job has taken over.
        OSError: the store does not answer.
    """
    held = Lease(
        conditional_object.open_object(storage.join(folder, LOCK_FILE)), lock_owner.this_process()
    )
    if not _take(folder, held):
        printing.announce(
            f"beam-bert: --output {folder}: this store has no conditional writes, so the folder "
            "cannot be locked: start no other job in it"
        )
        yield
        return
    with _renewing(folder, held):
        yield


def _take(folder: str, held: Lease) -> bool:
    """Take the lease of a folder; return False if the store cannot have one."""
    try:
        _wait(folder, Claim(held))
        if held.object.refuses_other_versions():
            return True
        storage.delete_file(held.object.path)
    except NoConditionsError:
        pass
    except LeaseHeldError as error:
        raise UsageError(
            f"--output {folder}: another embed is running in it ({error}); wait until it ends, or "
            "choose another folder"
        ) from error
    except (FileNotFoundError, PermissionError) as error:
        raise UsageError(f"--output {folder}: cannot be written: {error}") from error
    return False


def _wait(folder: str, claim: Claim) -> None:
    """Wait until the lease is taken, and announce that once."""
    announced = False
    while not claim.attempt():
        if claim.waits_for is not None and not announced:
            announced = True
            printing.announce(
                f"beam-bert: --output {folder}: it is locked by "
                f"{lock_owner.describe(claim.waits_for)}; waiting up to "
                f"{lease.EXPIRE_SECONDS:.0f} s to see whether that job still runs"
            )
        time.sleep(_LOOK_SECONDS)


@contextlib.contextmanager
def _renewing(folder: str, held: Lease) -> Iterator[None]:
    """Renew a lease while the block runs, and release it at the end."""
    renewal = _Renewal(held)
    renewal.start()
    try:
        try:
            yield
        finally:
            renewal.end()
    except BaseException as error:
        if renewal.lost:
            raise _taken_over(folder) from error
        raise
    if renewal.lost:
        raise _taken_over(folder)


class _Renewal(threading.Thread):
    """Renews a lease; if it is lost, interrupts the block, which the main thread runs if it can.

    Attributes:
        lost: whether another process has taken the lease.
    """

    def __init__(self, held: Lease) -> None:
        super().__init__(name="lock", daemon=True)
        self.lost = False
        self._held = held
        self._ended = threading.Event()
        self._in_main_thread = threading.current_thread() is threading.main_thread()

    def run(self) -> None:
        """Renew the lease until it is lost, or the block ends."""
        while not self.lost and not self._ended.wait(lease.RENEW_SECONDS):
            # While the store does not answer, the lease may still hold: only a refusal ends it.
            with contextlib.suppress(Exception):
                self.lost = not self._held.renew()
        if self.lost and self._in_main_thread and not self._ended.is_set():
            interruption.interrupt_main_thread()

    def end(self) -> None:
        """Stop, and release the lease; a store that does not answer keeps the object."""
        self._ended.set()
        self.join(_END_SECONDS)
        if not self.is_alive() and not self.lost:
            with contextlib.suppress(OSError):
                self._held.release()


def _taken_over(folder: str) -> JobError:
    return JobError(
        f"--output {folder}: another embed has taken it over, because this one could not renew "
        f"{LOCK_FILE} for {lease.EXPIRE_SECONDS:.0f} s; this one has ended.\n"
        "What is done stays valid"
    )
