"""Programs that signals end: in two lines, in time, and with their status, whatever they do."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

# A program that prints `up` and then waits; what it waits in is what the tests differ in.
PROGRAM = """
import os, signal, sys, time
from pipeline.console import interruption
interruption.GRACE_SECONDS = 0.2
interruption.catch()
interruption.describe("beam-bert:", "What remains")
def work():
    print("up", flush=True)
    time.sleep(60)
status = 1
try:
{body}
except KeyboardInterrupt:
    print("cleaned up", flush=True)
interruption.end(status)
os._exit(status)
"""
WAITS = "    work()"
ENDS_SILENTLY = """
    try:
        work()
    except KeyboardInterrupt:
        pass
"""
DROPS = """
    while True:
        try:
            work()
        except BaseException:
            print("from a library", file=sys.stderr, flush=True)
"""
BLOCKED = """
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    work()
"""
SUCCEEDS = """
    try:
        work()
    except KeyboardInterrupt:
        status = 0
"""
DROPS_ONCE = """
    try:
        work()
    except KeyboardInterrupt:
        pass
    interruption.raise_if_received()
    status = 0
"""
INTERRUPTS_ITSELF = """
    import threading
    threading.Timer(0.1, interruption.interrupt_main_thread).start()
    try:
        work()
    except KeyboardInterrupt:
        # Longer than the grace.
        time.sleep(0.5)
        print("said by the caller", file=sys.stderr)
"""
HAS_WORKER = """
    import subprocess
    from pipeline.runners import orphans
    os.environ[orphans.JOB] = str(os.getpid())
    interruption.at_signal(orphans.kill_workers)
    code = "from pipeline.runners import orphans; print('up'); input()"
    worker = subprocess.Popen([sys.executable, "-uc", code])
    try:
        worker.wait()
    except KeyboardInterrupt:
        # As Beam does. It does not take the grace.
        assert worker.wait() == -signal.SIGKILL
        print("the worker has ended", flush=True)
"""

# The main thread waits in the imports of the command line.
IMPORTS = """
    from pipeline import __main__
    class Finder:
        def find_spec(self, name, *_):
            if name == "pipeline.cli":
                work()
    sys.meta_path.insert(0, Finder())
    interruption.describe("beam-bert:", "What remains")
    __main__.program()
"""
# A command of which a library drops the interruption, and which then ends as if it had none.
COMMAND_DROPS = """
    import dataclasses
    from pipeline import cli
    from pipeline.commands import all_commands
    def run(_):
        try:
            work()
        except BaseException:
            pass
        print("the work is done", flush=True)
        return 0
    load = dataclasses.replace(all_commands()["load"], run=run, interrupted="What remains")
    cli.all_commands = lambda: {"load": load}
    cli.program(["load"])
"""


# What would be deleted at the exit of Python is not.
LEAVES = """
    import atexit, threading
    class Kept:
        def __del__(self):
            print("deleted")
    kept = Kept()
    atexit.register(print, "registered")
    print("up", flush=True)
    threading.Thread(target=lambda: (time.sleep(0.2), print("of a thread"))).start()
    print("written", end=" ")
    interruption.leave(3)
"""


def message(name: str) -> str:
    return f"beam-bert: interrupted by {name}.\nWhat remains\n"


def _catch_all() -> None:
    """Ignore no signal, also where the tests do: nohup makes them ignore SIGHUP."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(body: str, prefix: str = "exec") -> subprocess.Popen:
    """Start a program by a command of the shell, and wait until it is up."""
    program = subprocess.Popen(
        ["sh", "-c", f'{prefix} "$@"', "sh", sys.executable, "-c", PROGRAM.format(body=body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        preexec_fn=_catch_all,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "up\n"
    return program


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_program_with_two_lines_and_its_status(number: signal.Signals) -> None:
    program = start(WAITS)
    program.send_signal(number)
    assert program.communicate() == ("cleaned up\n", message(number.name))
    assert program.returncode == 128 + number


def test_a_signal_during_the_imports_ends_it_so_too() -> None:
    program = start(IMPORTS)
    program.terminate()
    assert program.communicate() == ("", message("SIGTERM"))
    assert program.returncode == 143


def test_what_drops_the_interruption_is_ended_and_what_it_prints_is_dropped() -> None:
    program = start(DROPS)
    program.terminate()
    out, errors = program.communicate()
    assert errors == message("SIGTERM")
    assert set(out.splitlines()) <= {"up"}
    assert program.returncode == 143


def test_an_interruption_that_was_dropped_is_raised_again() -> None:
    program = start(DROPS_ONCE)
    program.terminate()
    assert program.communicate() == ("cleaned up\n", message("SIGTERM"))
    assert program.returncode == 143


def test_a_command_that_drops_the_interruption_has_not_succeeded() -> None:
    program = start(COMMAND_DROPS)
    program.terminate()
    assert program.communicate() == ("the work is done\n", message("SIGTERM"))
    assert program.returncode == 143


def test_a_main_thread_that_runs_no_python_is_ended() -> None:
    # Another thread takes the signal, as if the main one were in a library.
    program = start(BLOCKED)
    # It says that it is up before it sleeps: in between the main thread would run Python.
    time.sleep(0.5)
    program.terminate()
    assert program.communicate() == ("", message("SIGTERM"))
    assert program.returncode == 143


def test_two_signals_at_a_moment_are_one_interruption() -> None:
    program = start(WAITS)
    program.terminate()
    program.send_signal(signal.SIGINT)
    _, errors = program.communicate()
    assert errors in (message("SIGTERM"), message("SIGINT"))
    assert program.returncode in (130, 143)


def test_a_command_that_succeeds_nevertheless_has_status_0_and_says_nothing() -> None:
    program = start(SUCCEEDS)
    program.terminate()
    assert program.communicate() == ("", "")
    assert program.returncode == 0


def test_signals_that_the_caller_ignores_stay_ignored() -> None:
    program = start(WAITS, prefix="trap '' HUP; exec")
    program.send_signal(signal.SIGHUP)
    program.terminate()
    assert program.communicate() == ("cleaned up\n", message("SIGTERM"))


def test_interrupting_the_main_thread_leaves_the_program_to_its_caller() -> None:
    program = start(INTERRUPTS_ITSELF)
    program.wait()
    assert program.communicate() == ("", "said by the caller\n")
    assert program.returncode == 1


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a terminal that echoes no ^C."""
    ours, theirs = pty.openpty()
    settings = termios.tcgetattr(theirs)
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, settings)
    yield ours, theirs
    for descriptor in (ours, theirs):
        with contextlib.suppress(OSError):
            os.close(descriptor)


def start_in(theirs: int, body: str) -> subprocess.Popen:
    """Start a program as the foreground process of a terminal."""
    code = f"import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n{PROGRAM}"
    return subprocess.Popen(
        [sys.executable, "-c", code.format(body=body)],
        **dict.fromkeys(("stdin", "stdout", "stderr"), theirs),
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "PYTHONUNBUFFERED": ""},
        start_new_session=True,
        preexec_fn=_catch_all,
    )


def test_ctrl_c_in_a_terminal_ends_the_program_and_its_workers(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    program = start_in(theirs, HAS_WORKER)
    os.close(theirs)
    begun = b""
    while not begun.endswith(b"\n"):
        begun += os.read(ours, 1)
    assert begun == b"up\r\n"
    os.write(ours, b"\x03")
    assert program.wait() == 130
    shown = b""
    # The terminal ends with the last process that has it open.
    with contextlib.suppress(OSError):
        while piece := os.read(ours, 1000):
            shown += piece
    assert shown.decode() == (
        "the worker has ended\r\n\r\x1b[2K\x1b[?25h" + message("SIGINT").replace("\n", "\r\n")
    )


def test_a_program_ends_when_its_terminal_is_closed(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    program = start_in(theirs, ENDS_SILENTLY)
    os.close(theirs)
    begun = b""
    while not begun.endswith(b"\n"):
        begun += os.read(ours, 1)
    assert begun == b"up\r\n"
    os.close(ours)
    assert program.wait() == 129


def test_a_process_that_is_left_waits_for_threads_and_has_its_status() -> None:
    program = start(LEAVES)
    assert program.communicate() == ("written of a thread\nregistered\n", "")
    assert program.returncode == 3


@pytest.mark.parametrize(("status", "expected"), [(0, 120), (3, 3)])
def test_an_output_that_cannot_be_written_is_no_success(status: int, expected: int) -> None:
    program = "import sys; from pipeline.console import interruption; print('text'); "
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", f"{program} interruption.leave({status})"],
            stdout=full,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""},
            check=False,
        )
    assert done.returncode == expected
