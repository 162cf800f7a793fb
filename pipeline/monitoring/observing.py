"""Observe a job from its start to its end, and write its metrics where the user wants them."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator

import transforms
from pipeline import status
from pipeline.console import json_lines, printing, progress
from pipeline.errors import UsageError
from pipeline.monitoring import metrics_file, metrics_place, telemetry
from pipeline.monitoring.job_metrics import DONE, FAILED, INTERRUPTED, RUNNING, JobSample
from pipeline.monitoring.locked_file import HeldError, LockedFile
from pipeline.options.embed_config import EmbedConfig
from pipeline.output.run_file import Run
from pipeline.status import Status
from transforms import escaping

_FILE_SECONDS = 15.0

Measure = Callable[[], Status]


class Observer:
    """The latest state of a job; threads that write metrics read it."""

    def __init__(self, config: EmbedConfig, *, is_wanted: bool) -> None:
        self._folder = config.output
        self._is_wanted = is_wanted
        self._state = RUNNING
        self._started = time.time()
        compute = config.compute
        self._build = {"engine": compute.engine, "precision": compute.precision}
        self._measure: Measure | None = None
        self._status: Status | None = None

    def sample(self) -> JobSample:
        """Measure the job, and return its state. If it cannot be measured, this is the last one."""
        measure = self._measure
        if measure is not None:
            with contextlib.suppress(Exception):
                self._status = measure()
        build = {"version": transforms.__version__, **self._build}
        return JobSample(self._folder, self._state, self._started, time.time(), build, self._status)

    @contextlib.contextmanager
    def measured_by(self, measure: Measure, run: Run) -> Iterator[None]:
        """Measure the job by a function while the block runs, and once at its end."""
        self._build = {
            name: str(run.configuration.get(f"--{name}", value))
            for name, value in self._build.items()
        }
        self._measure = measure
        try:
            yield
        finally:
            if self._is_wanted or json_lines.are_used():
                self.sample()
            self._measure = None

    def end(self, state: str) -> None:
        """Set the last state; measure the folder of a job of which nothing was computed now."""
        if self._status is None:
            with contextlib.suppress(Exception):
                self._status = status.measure(self._folder)
        self._state = state


@contextlib.contextmanager
def observed(config: EmbedConfig, path: str | None) -> Iterator[Observer]:
    """Write the metrics of the job that runs in the block, if anybody wants them.

    Args:
        config: of the job.
        path: the file for Prometheus, or None. OpenTelemetry is configured by the environment.

    Yields:
        what measures the job.

    Raises:
        UsageError: the file cannot be written.
    """
    is_wanted = path is not None or telemetry.is_wanted(os.environ)
    observer = Observer(config, is_wanted=is_wanted)
    if not is_wanted:
        yield observer
        return
    with telemetry.exported(observer.sample), _written(path, observer):
        try:
            yield observer
        except KeyboardInterrupt:
            observer.end(INTERRUPTED)
            raise
        except BaseException:
            observer.end(FAILED)
            raise
        observer.end(DONE)


@contextlib.contextmanager
def _written(path: str | None, observer: Observer) -> Iterator[None]:
    """Write the file at the start of the block, at intervals and at its end."""
    if path is None:
        yield
        return
    with contextlib.closing(_hold(path, observer.sample())) as file:

        def write(sample: JobSample) -> float:
            file.replace(metrics_file.to_text(sample))
            return _FILE_SECONDS

        try:
            with progress.repeat(observer.sample, write):
                yield
        finally:
            try:
                write(observer.sample())
            except OSError as error:
                place = f"--metrics_file {escaping.one_line(path)}"
                printing.announce(
                    f"{place}: the last values could not be written: {error.strerror}"
                )


def _hold(path: str, sample: JobSample) -> LockedFile:
    """Write the file before the job, so that a wrong path fails now, and hold it."""
    metrics_place.check(path, sample.folder)
    place = f"--metrics_file {escaping.one_line(path)}"
    try:
        file = LockedFile(path)
    except HeldError as error:
        raise UsageError(
            f"{place}: another embed is writing it; name another file for each job"
        ) from error
    except OSError as error:
        raise _unwritable(place, error) from error
    try:
        file.replace(metrics_file.to_text(sample))
    except OSError as error:
        file.close()
        raise _unwritable(place, error) from error
    return file


def _unwritable(place: str, error: OSError) -> UsageError:
    return UsageError(
        f"{place}: cannot be written: {error.strerror}; name a file in a folder that this user may "
        "write"
    )


def one_at_a_time(measure: Measure) -> Measure:
    """Return a function that measures as another one does, and that several threads may call."""
    lock = threading.Lock()

    def measure_alone() -> Status:
        with lock:
            return measure()

    return measure_alone
