"""What Beam's threads print is dropped, also those of an interrupted job."""

import sys
import threading

import pytest

from pipeline.console import quiet


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _in_a_thread(text: str, after: threading.Event | None = None) -> threading.Thread:
    def say() -> None:
        if after:
            after.wait()
        _say(text)

    thread = threading.Thread(target=say)
    thread.start()
    return thread


def test_a_job_prints_nothing(capsys: pytest.CaptureFixture) -> None:
    with quiet.quiet_beam():
        _say("from Beam")
        _in_a_thread("from a thread").join()
    _say("after it")
    assert capsys.readouterr().err == "after it\n"


def test_the_threads_of_an_interrupted_job_print_nothing(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The stream of a process stays another one after this.
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    interrupted = threading.Event()
    of_others = _in_a_thread("from another program's thread", interrupted)
    lingering: list[threading.Thread] = []

    def job() -> None:
        with quiet.quiet_beam():
            lingering.append(_in_a_thread("from a bundle", interrupted))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job()
    interrupted.set()
    for thread in (*lingering, of_others, _in_a_thread("from a later thread")):
        thread.join()
    assert not sys.stderr.isatty()
    lines = capsys.readouterr().err.splitlines()
    assert sorted(lines) == ["from a later thread", "from another program's thread"]
