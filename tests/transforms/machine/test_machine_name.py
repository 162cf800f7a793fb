import sys
from types import SimpleNamespace

import pytest

from tests.transforms.test_receipts import RECEIPT
from transforms.machine.machine_name import machine_name
from transforms.receipts import Receipt


@pytest.fixture(autouse=True)
def _unknown() -> None:
    machine_name.cache_clear()


def test_a_machine_has_the_cores_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    monkeypatch.setenv("PYTHON_CPU_COUNT", "1")
    cores, _, processor = machine_name().partition(" of ")
    assert cores == "1 core"
    assert processor.strip() == processor != ""


def test_gpus_are_counted_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    config = SimpleNamespace(
        list_physical_devices=lambda kind: [f"{kind}:{number}" for number in range(2)],
        experimental=SimpleNamespace(get_device_details=lambda _: {"device_name": "NVIDIA H200"}),
    )
    monkeypatch.setitem(sys.modules, "tensorflow", SimpleNamespace(config=config))
    assert machine_name().endswith(", 2 NVIDIA H200")
    machine_name.cache_clear()


def test_receipts_of_earlier_releases_name_no_machine() -> None:
    assert '"machine"' not in RECEIPT.to_json()
    assert Receipt.from_json(RECEIPT.to_json()).machine == ""
