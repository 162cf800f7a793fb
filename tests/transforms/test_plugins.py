from collections.abc import Callable

import pytest

from tests.plug_in_folders import count_scans
from transforms import poolings
from transforms.bert import engines
from transforms.plugins import Registry
from transforms.records import output_format
from transforms.sources import base

_FORMATS = ("csv", "files", "json", "jsonl", "parquet", "text", "tfrecord", "tsv")
REGISTRIES = [
    (base.registry, base.names, _FORMATS),
    (output_format.registry, output_format.names, ("parquet", "tfrecord")),
    (
        poolings.registry,
        poolings.names,
        ("mean", "cls", "max", "mean_sqrt_len", "weightedmean", "lasttoken"),
    ),
    (engines.registry, engines.names, ("openvino", "tensorflow")),
]


@pytest.mark.parametrize(("registry", "names", "expected"), REGISTRIES)
def test_a_folder_is_listed_once_a_process(
    registry: Registry,
    names: Callable[[], tuple[str, ...]],
    expected: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scans = count_scans(registry, monkeypatch)
    for _ in range(100):
        assert names() == expected
        assert registry.find(expected[-1]) is registry.plugins[expected[-1]]
        with pytest.raises(ValueError, match=r"no \w+.* 'lines'; there are "):
            registry.find("lines")
    assert len(scans) == 1
