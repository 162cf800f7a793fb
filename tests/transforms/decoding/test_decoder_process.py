import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from transforms.decoding import decoder_process
from transforms.io.watching import StorageError

MODULE = "transforms.decoding.decoder_main"


def test_a_decoder_imports_neither_beam_nor_tensorflow() -> None:
    heavy = '{"apache_beam", "tensorflow", "tensorflow_transform"}'
    program = f"import sys, {MODULE}; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert run.stdout == b"[]\n"


@pytest.mark.slow
def test_a_decoder_that_computes_without_end_is_ended_by_the_kernel() -> None:
    program = (
        f"import {MODULE} as module\n"
        "module._STEP_SECONDS = 1\n"
        "module._allow_another_step()\n"
        "while True: pass\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert run.returncode == -signal.SIGXCPU


def test_a_decoder_ends_with_its_reader() -> None:
    program = (
        "from transforms.decoding import decoder_process\n"
        "print(decoder_process.take(fresh=True).pid, flush=True)\n"
        "input()\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        pid = int(reader.stdout.readline())
        assert is_running(pid)
        reader.kill()
    for _ in range(600):
        if not is_running(pid):
            return
        time.sleep(0.1)
    raise AssertionError("it is still there")


def is_running(pid: int) -> bool:
    """Return whether there is a process, and not only its exit status."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_decoder_that_does_not_start_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_process, "_MODULE", "transforms.decoding.no_such_module")
    with pytest.raises(StorageError, match=r"does not start: .*no_such_module"):
        decoder_process.take(fresh=True)
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(StorageError, match=r"does not start: .*No such file"):
        decoder_process.take(fresh=True)


def test_a_child_that_was_forked_leaves_the_decoders_to_its_parent() -> None:
    decoder = decoder_process.take(fresh=False)
    decoder_process.give_back(decoder)
    child = os.fork()
    if not child:
        os._exit(len(decoder_process._idle))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert decoder_process.take(fresh=False) is decoder
    decoder_process.give_back(decoder)
