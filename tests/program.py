"""beam-bert as a program with finished imports: each call of it is a fork, and starts at once.

`python -m tests.program SOCKET ANALYSES` imports once what the commands need, then runs every
command that the program `beam-bert` of `write_programs` sends, in a process of its own, with the
streams, folder and environment of the caller. Importing takes longer than most commands do. Jobs
take known analyses and vectors from the folder ANALYSES; see `analysis_memo`, `engine_memo`.
"""

import contextlib
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pipeline
from tests import analysis_memo, beam_memo, engine_memo
from tests.paths import ROOT

_CALLER = """\
#!{python} -ISB
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({path!r})
call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [len(call).to_bytes(8, "big")], [0, 1, 2])
server.sendall(call)
sys.exit(server.recv(1)[0])
"""


@contextlib.contextmanager
def running(folder: Path, analyses: Path) -> Iterator[Path]:
    """Run the server, and yield a folder that has `bin/beam-bert`, `bin/python` and `activate`."""
    path = folder / "socket"
    command = [sys.executable, "-m", "tests.program", str(path), str(analyses)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            write_programs(folder / "environment/bin", path)
            yield folder / "environment"
        finally:
            server.terminate()


def write_programs(folder: Path, path: Path) -> None:
    """Write the programs that an environment has."""
    folder.mkdir(parents=True)
    (folder / "beam-bert").write_text(_CALLER.format(python=sys.executable, path=str(path)))
    (folder / "beam-bert").chmod(0o755)
    (folder / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (folder / "python").chmod(0o755)
    (folder / "activate").write_text(f'PATH="{folder}:$PATH"\n')


def main(path: str, analyses: str) -> None:
    """Run commands until this process is terminated."""
    for module in pkgutil.walk_packages(pipeline.__path__, "pipeline."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):
                importlib.import_module(module.name)
    folder = Path(analyses)
    memos = analysis_memo.remembered(folder), engine_memo.remembered(folder)
    with memos[0], memos[1], beam_memo.remembered():
        _serve(path)


def _serve(path: str) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    print("ready", flush=True)  # noqa: T201
    while True:
        caller, _ = server.accept()
        size, streams, _, _ = socket.recv_fds(caller, 8, 3)
        content = b""
        while len(content) < int.from_bytes(size, "big"):
            content += caller.recv(1 << 16)
        process = os.fork()
        if process == 0:
            _run(json.loads(content), streams)
        for stream in streams:
            os.close(stream)
        threading.Thread(target=_answer, args=(process, caller), daemon=True).start()


def _answer(process: int, caller: socket.socket) -> None:
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    with contextlib.suppress(OSError), caller:
        caller.sendall(bytes([status % 256]))


def _run(call: list, streams: list[int]) -> None:
    """Run a command in this process, as a separate program would."""
    status = 70
    try:
        arguments, folder, environment = call
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for target, stream in enumerate(streams):
            os.dup2(stream, target)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        # Of the streams of the server, nothing is kept.
        sys.stdin, sys.stdout, sys.stderr = (
            open(number, mode, closefd=False)  # noqa: SIM115
            for number, mode in ((0, "r"), (1, "w"), (2, "w"))
        )
        sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
        sys.argv = ["beam-bert", *arguments]
        from pipeline import cli

        try:
            status = cli.main(arguments)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        sys.stdout.flush()
    finally:
        os._exit(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
