"""End the program at Ctrl-C, SIGTERM and SIGHUP, in two lines, whatever it is doing.

Python raises KeyboardInterrupt in the main thread between two lines of Python, which may be seconds
away while a library is loaded, and code that catches everything drops it. So the main thread has
some seconds to clean up and to end; after them another thread ends the process.
"""

import atexit
import contextlib
import dataclasses
import functools
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

from pipeline.console import json_lines, streams

# Within them the main thread deletes its temporary files and releases its lock.
GRACE_SECONDS = 5.0
# Terminals and `timeout` signal a process and its group: two signals, but one interruption.
_ONE_INTERRUPTION_SECONDS = 1.0
# What Python ends with if its output cannot be written.
_UNWRITTEN = 120
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Deletes a progress bar, or the ^C that a terminal shows, and shows the cursor again.
_CLEAR_LINE = "\r\x1b[2K\x1b[?25h"
_HANDLER, _WATCHER = "handler", "watcher"


@dataclasses.dataclass
class _Program:
    """This process, which signals end.

    Attributes:
        stderr: a duplicate of the descriptor of its standard error.
        name: the first word of its messages.
        remains: what a message says after an interruption.
        number: the first signal; None if there was none.
        time: when it came.
        is_raised: whether the main thread had its KeyboardInterrupt.
        status: the exit status of its command; None as long as the command runs.
        expected: which of handler and watcher have not yet seen `interrupt_main_thread`'s signal.
        callbacks: see `at_signal`.
        printing: acquired once, by the thread that prints the message.
    """

    stderr: int
    name: str = "beam-bert:"
    remains: str = "The same command starts again"
    number: int | None = None
    time: float = 0.0
    is_raised: bool = False
    status: int | None = None
    expected: set[str] = dataclasses.field(default_factory=set)
    callbacks: list[Callable[[], object]] = dataclasses.field(default_factory=list)
    printing: threading.Lock = dataclasses.field(default_factory=threading.Lock)


_program: _Program | None = None


def catch() -> None:
    """Catch the signals in this process from now on, except those that its caller ignores."""
    global _program
    if _program is not None:
        return
    _program = _Program(os.dup(2))
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(_program, reader), name="signals", daemon=True).start()
    for number in _SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, functools.partial(_handle, _program))


def describe(name: str, remains: str) -> None:
    """Set the first word of the message, and its second line, which says what remains."""
    if _program is not None:
        _program.name, _program.remains = name, remains


def received() -> int | None:
    """Return the signal that ends this process; None if there was none."""
    return _program.number if _program else None


def raise_if_received() -> None:
    """Raise KeyboardInterrupt if a signal came: libraries may have dropped the one it raised."""
    number = received()
    if number is not None:
        raise KeyboardInterrupt(number)


def at_signal(callback: Callable[[], object]) -> None:
    """Call a function when a signal comes, in a thread of its own."""
    if _program is not None:
        _program.callbacks.append(callback)


def interrupt_main_thread() -> None:
    """Raise KeyboardInterrupt in the main thread, also where it waits; the process goes on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if callable(signal.getsignal(number)):
            if _program is not None:
                _program.expected |= {_HANDLER, _WATCHER}
            signal.pthread_kill(threading.main_thread().ident or 0, number)
            return


def end(status: int) -> None:
    """End this process if it was interrupted; else return, and let no signal interrupt it.

    Args:
        status: of the command. If it succeeded in spite of a signal, this returns.
    """
    if _program is None:
        return
    _program.status = status
    for stream in filter(None, (sys.stdout, sys.stderr)):
        # What cannot be written would change the status at the exit of Python.
        try:
            with contextlib.suppress(ValueError):
                stream.flush()
        except OSError:
            streams.drop(stream)
    if _program.number is None or status == 0:
        return
    _print_message(_program)
    # They delete temporary files of libraries, and may wait for a thread: then the watcher ends it.
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    _exit(_program)


def leave(status: int) -> NoReturn:
    """End this process as Python does, but leave its memory to the system.

    Python would delete each object of TensorFlow and Beam, which takes two seconds.

    Args:
        status: of the process; that of Python if it is 0, and the output cannot be written.
    """
    # As Python at its exit: it waits for threads, then calls what libraries have registered.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            status = status or _UNWRITTEN
        except ValueError:
            # It is closed.
            continue
    os._exit(status)


def _handle(program: _Program, number: int, _: Any) -> None:
    if _HANDLER in program.expected:
        program.expected.discard(_HANDLER)
        raise KeyboardInterrupt
    _note(program, number)
    if program.status is None and not program.is_raised:
        program.is_raised = True
        raise KeyboardInterrupt(number)
    if time.monotonic() - program.time > _ONE_INTERRUPTION_SECONDS:
        _print_message(program)
        _exit(program)


def _watch(program: _Program, descriptor: int) -> None:
    """Wait for a signal, and end the process if its main thread does not do so in time."""
    while True:
        number = os.read(descriptor, 1)[0]
        if number not in _SIGNALS:
            continue
        if _WATCHER not in program.expected:
            break
        program.expected.discard(_WATCHER)
    _note(program, number)
    for callback in program.callbacks:
        with contextlib.suppress(Exception):
            callback()
    time.sleep(GRACE_SECONDS)
    _print_message(program)
    _exit(program)


def _note(program: _Program, number: int) -> None:
    """Remember the first signal, and drop what is printed from now on: Beam's tracebacks."""
    if program.number is None:
        program.number, program.time = number, time.monotonic()
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)


def _print_message(program: _Program) -> None:
    """Print the message once, unless the command has succeeded or nobody reads its errors."""
    if program.status == 0 or not program.printing.acquire(blocking=False):
        return
    number = program.number or signal.SIGINT
    message = f"interrupted by {signal.Signals(number).name}.\n{program.remains}"
    is_terminal = os.isatty(program.stderr) and os.environ.get("TERM") != "dumb"
    text = f"{_CLEAR_LINE if is_terminal else ''}{program.name} {message}\n"
    if json_lines.are_used() or json_lines.are_wanted(sys.argv):
        text = json_lines.to_line("error", message, status=128 + number)
    with contextlib.suppress(OSError):
        if select.select([], [program.stderr], [], 1.0)[1]:
            os.write(program.stderr, text.encode())


def _exit(program: _Program) -> NoReturn:
    os._exit(0 if program.status == 0 else 128 + (program.number or signal.SIGINT))
