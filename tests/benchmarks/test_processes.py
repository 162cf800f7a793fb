import pytest

from benchmarks import processes


def test_the_peak_is_of_this_process_in_mib() -> None:
    before = processes.peak_mb()
    grown = b"1" * ((int(before) + 100) << 20)
    assert before + 100 <= processes.peak_mb() < 3 * before + 400
    assert grown


def test_the_message_has_the_end_of_a_failed_process_output() -> None:
    with pytest.raises(SystemExit, match=r"(?s)status 2.*are required"):
        processes.run("benchmarks.prose", [])
