"""A machine that cannot run a job is refused in one line; one with little memory does less."""

import errno
import os
import socket
import subprocess
import sys
import tempfile

import pytest

from pipeline import cli
from pipeline.console import command
from pipeline.errors import UsageError
from pipeline.runners import surroundings
from tests.paths import ROOT

GB = 1_000_000_000
PART = 256 << 10


def test_a_machine_with_folders_and_a_network_is_not_refused() -> None:
    surroundings.check_temporary_folder()
    surroundings.check_loopback()


@pytest.mark.parametrize(
    ("environment", "value"),
    [
        ({}, "localhost,127.0.0.1,::1"),
        ({"no_proxy": "store.local,localhost"}, "store.local,localhost,127.0.0.1,::1"),
        ({"no_proxy": "a", "no_grpc_proxy": "b"}, "b,localhost,127.0.0.1,::1"),
    ],
)
def test_this_machine_has_no_proxy(environment: dict[str, str], value: str) -> None:
    assert surroundings.without_proxy(environment) == value
    assert surroundings.without_proxy({"no_grpc_proxy": value}) == value


CONNECT = """
import grpc
from concurrent import futures
from pipeline.runners import surroundings

server = grpc.server(futures.ThreadPoolExecutor(1))
port = server.add_insecure_port("localhost:0")
server.start()
surroundings.reach_loopback_without_proxy()
grpc.channel_ready_future(grpc.insecure_channel(f"localhost:{port}")).result(timeout=60)
"""


def test_grpc_reaches_this_machine_past_a_dead_proxy() -> None:
    proxies = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    subprocess.run(
        [sys.executable, "-c", CONNECT], env={**os.environ, **proxies}, cwd=ROOT, check=True
    )


@pytest.fixture
def _nothing_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """No temporary folder, as on a read-only root."""
    folders = ["/proc/none", "/proc/self/fd/none"]
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: folders)
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.mark.usefixtures("_nothing_can_be_written")
def test_a_read_only_root_is_refused_with_the_variable_that_helps() -> None:
    with pytest.raises(UsageError, match=r"^temporary files cannot be written .* set TMPDIR to a"):
        surroundings.check_temporary_folder()


@pytest.mark.usefixtures("_nothing_can_be_written")
def test_other_commands_say_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: object) -> int:
        with tempfile.TemporaryFile():
            return 0

    given = command.Command("verify", 1, "", "", "", (), run)
    monkeypatch.setattr(cli, "all_commands", lambda: {"verify": given})
    assert cli.main(["verify", "out"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("beam-bert: temporary files cannot be written in TMPDIR, /tmp, ")


def test_a_machine_without_a_loopback_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object) -> None:
        raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(UsageError, match=r"localhost \(Network is unreachable\).* lo up"):
        surroundings.check_loopback()


@pytest.mark.parametrize(
    ("memory", "features", "threads"),
    [
        (64 * GB, ["sequence_output"], 3),
        (2 * GB, ["sequence_output"], 1),
        (2.5 * GB, ["sequence_output"], 2),
        (2.5 * GB, ["sequence_output", "layers:-1,-2"], 1),
        (2 * GB, ["mean"], 3),
        (0.5 * GB, ["mean"], 1),
    ],
)
def test_a_process_works_on_as_many_parts_as_its_memory_has_room_for(
    memory: float, features: list[str], threads: int
) -> None:
    assert surroundings.threads_within(int(memory), 768, PART, features, 1000) == threads


@pytest.mark.parametrize(("splits", "threads"), [(0, 1), (1, 1), (2, 2), (3, 3), (4, 3)])
def test_no_thread_is_started_that_has_no_part(splits: int, threads: int) -> None:
    assert surroundings.threads_within(64 * GB, 768, PART, ["mean"], splits) == threads


@pytest.mark.parametrize(("cores", "threads"), [(2, 3), (6, 6), (16, 8)])
def test_the_cores_beside_a_gpu_feed_it(
    cores: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surroundings, "usable_cores", lambda: cores)
    assert surroundings.threads_within(64 * GB, 768, PART, ["mean"], 1000) == 3
    monkeypatch.setattr(surroundings, "has_gpu", lambda: True)
    assert surroundings.threads_within(64 * GB, 768, PART, ["mean"], 1000) == threads
    assert surroundings.threads_within(2 * GB, 768, PART, ["sequence_output"], 1000) == 1


def test_a_job_with_less_memory_than_its_processes_need_is_warned() -> None:
    assert surroundings.too_little_memory(2 * GB, 1) is None
    warning = surroundings.too_little_memory(2 * GB, 3)
    assert warning is not None
    assert "may use 2.0 GB of memory, and needs about 3.6 GB" in warning
