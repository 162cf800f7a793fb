"""The dataset of PyTorch, with a stand-in for the few names of torch that it uses.

torch itself is as large as all other requirements together.
"""

import copy
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import beam_bert
from pipeline import reader
from tests.paths import ROOT
from tests.pipeline.releases import stored_folders
from tests.pipeline.training import job_folder
from tests.transforms.embedded_documents import HIDDEN

ABSENT = {"missing": {"k": "none"}}
NAMES = ("torch", "torch.utils", "torch.utils.data")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return job_folder.write(tmp_path_factory.mktemp("job"), job_folder.config_of())


def from_numpy(array: np.ndarray) -> np.ndarray:
    # torch only warns, and what is then written may be lost.
    assert array.flags.writeable
    return array


class StandIn:
    """torch as far as it is used: arrays are tensors; a worker and a rank can be set."""

    worker: Any = None
    rank: tuple[int, int] | None = None

    def __init__(self) -> None:
        modules = {name: types.ModuleType(name) for name in NAMES}
        root, data = modules["torch"], modules["torch.utils.data"]
        root.Tensor = np.ndarray
        root.from_numpy = from_numpy
        root.nested = types.SimpleNamespace(nested_tensor_from_jagged=lambda *pair: pair)
        root.distributed = types.SimpleNamespace(
            is_available=lambda: True,
            is_initialized=lambda: self.rank is not None,
            get_rank=lambda: self.rank[0],
            get_world_size=lambda: self.rank[1],
        )
        data.IterableDataset = type("IterableDataset", (), {})
        data.get_worker_info = lambda: self.worker
        self.modules = modules


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    stand_in = StandIn()
    for name, module in stand_in.modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    yield stand_in
    sys.modules.pop("pipeline.training.torch_dataset", None)


def worker_info(number: int, count: int, base_seed: int) -> Any:
    return types.SimpleNamespace(id=number, num_workers=count, seed=base_seed + number)


def ids_of(batches: Any) -> list[str]:
    return [id_ for batch in batches for id_ in batch["id"]]


@pytest.mark.usefixtures("torch")
def test_batches_have_the_values_of_the_records(folder: Path) -> None:
    records = list(reader.iterate_records(str(folder), "sequence"))
    padded = list(beam_bert.torch_sequences(folder, 8, **ABSENT))
    jagged = list(beam_bert.torch_sequences(folder, 8, padded=False, **ABSENT))
    assert [batch["sequence_output"].shape[0] for batch in padded] == [8, 8, 4]
    assert ids_of(padded) == ids_of(jagged) == [r["id"][0].decode() for r in records]
    for number, record in enumerate(records):
        one, other, row = padded[number // 8], jagged[number // 8], number % 8
        expected = record["sequence_output"].reshape(-1, HIDDEN)
        np.testing.assert_array_equal(one["sequence_output"][row][: len(expected)], expected)
        values, splits = other["sequence_output"]
        np.testing.assert_array_equal(values[splits[row] : splits[row + 1]], expected)
        assert one["k"][row] == (record["k"] or [b"none"])[0].decode()
        assert other["tokens"][row][: len(expected)] == [t.decode() for t in record["tokens"]]


@pytest.mark.usefixtures("torch")
def test_a_folder_of_another_release_is_refused(tmp_path: Path) -> None:
    stored_folders.restore("0.1.0", "job", tmp_path)
    with pytest.raises(
        ValueError, match=r"format version 2, not 3: read it with beam-bert 0\.1\.0"
    ):
        next(iter(beam_bert.torch_sequences(tmp_path / "output", 8)))


def test_ranks_and_their_workers_have_each_document_once(torch: StandIn, folder: Path) -> None:
    dataset = beam_bert.torch_pooled(folder, 3, **ABSENT)
    alone = ids_of(dataset)
    parts = []
    for rank in range(2):
        for worker in range(3):
            torch.rank, torch.worker = (rank, 2), worker_info(worker, 3, base_seed=17)
            parts.append(ids_of(dataset))
    assert [id_ for part in parts for id_ in part] == alone
    assert {len(part) for part in parts} == {3, 4}


def test_each_epoch_of_a_loader_has_another_order(torch: StandIn, folder: Path) -> None:
    def epoch(base_seed: int) -> list[list[str]]:
        dataset = beam_bert.torch_pooled(folder, 3, shuffle=1, **ABSENT)
        parts = []
        for worker in range(2):
            torch.worker = worker_info(worker, 2, base_seed)
            parts.append(ids_of(dataset))
        return parts

    first, second = epoch(5), epoch(9)
    assert first == epoch(5) != second
    assert list(map(sorted, first)) == list(map(sorted, second))
    torch.worker = None
    dataset = beam_bert.torch_pooled(folder, 3, shuffle=1, **ABSENT)
    assert ids_of(dataset) != ids_of(dataset)
    # A loader that spawns its workers gives them a copy, in the same epoch.
    assert ids_of(copy.deepcopy(dataset)) == ids_of(dataset)


def test_without_torch_the_extra_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "pipeline.training.torch_dataset", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "beam-bert\[torch\]"'):
        beam_bert.torch_pooled(folder)


@pytest.mark.slow
def test_tensorflow_is_not_imported(folder: Path, tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name.replace(".", "/")).mkdir()
        (tmp_path / name.replace(".", "/") / "__init__.py").write_text("")
    data = "class IterableDataset: pass\n\n\ndef get_worker_info(): return None\n"
    (tmp_path / "torch/utils/data/__init__.py").write_text(data)
    (tmp_path / "torch/__init__.py").write_text(
        "class distributed:\n    is_available = staticmethod(lambda: False)\n\n\n"
        "class Tensor: pass\n\n\ndef from_numpy(array): return array\n"
    )
    program = (
        "import sys, beam_bert\n"
        f"batches = list(beam_bert.torch_pooled({str(folder)!r}, columns=['mean']))\n"
        "print(len(batches[0]['id']), 'tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{job_folder.TOTAL} False\n"
