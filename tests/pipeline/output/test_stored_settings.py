import dataclasses
from pathlib import Path

import pytest

from pipeline.options.embed_config import EmbedConfig, InputConfig
from pipeline.options.flag_row import FlagValue
from pipeline.output import run_file
from pipeline.output.run_file import Run
from pipeline.output.stored_settings import with_stored_settings
from transforms.batching.batches import BatchingConfig
from transforms.bert.compute import ComputeConfig
from transforms.sources.base import ReadConfig

COMMAND = ("beam-bert", "embed")
OPENVINO = ComputeConfig("openvino")


def config(folder: Path, *kept: str) -> EmbedConfig:
    return EmbedConfig(InputConfig(("a",), "auto", ReadConfig(keep_fields=kept)), str(folder))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (("k", "n"), ("k:int64", "n:date")),
        (("k:string", "n"), ("k:string", "n:date")),
        (("other", "k"), ("other", "k:int64")),
    ],
)
def test_a_job_that_continues_keeps_its_types(
    now: tuple[str, ...], expected: tuple[str, ...], tmp_path: Path
) -> None:
    assert with_stored_settings(config(tmp_path, *now)) == config(tmp_path, *now)
    first = config(tmp_path, "k:int64", "n:date")
    run_file.write_run(str(tmp_path), Run(first.identity(), "model", command=COMMAND), first)
    assert with_stored_settings(config(tmp_path, *now)).input.read.keep_fields == expected
    again = dataclasses.replace(config(tmp_path, *now), overwrite=True)
    assert with_stored_settings(again) == again
    (tmp_path / "run.json").write_text("{")
    assert with_stored_settings(config(tmp_path, *now)) == config(tmp_path, *now)


def in_groups(folder: Path, size: int, compute: ComputeConfig = OPENVINO) -> EmbedConfig:
    batching = BatchingConfig(length_group=size)
    return dataclasses.replace(config(folder, "k"), batching=batching, compute=compute)


def begin(folder: Path, identity: dict[str, FlagValue]) -> None:
    run_file.write_run(str(folder), Run(identity, "model", command=COMMAND), config(folder))


def test_a_job_from_before_groups_of_lengths_continues_without_them(tmp_path: Path) -> None:
    now = in_groups(tmp_path, 8)
    assert with_stored_settings(now) == now
    begin(tmp_path, config(tmp_path, "k:int64").identity())
    stored = with_stored_settings(now)
    assert stored.batching.length_group == 0
    assert stored.input.read.keep_fields == ("k:int64",)
    assert with_stored_settings(dataclasses.replace(now, overwrite=True)).batching == now.batching


@pytest.mark.parametrize("compute", [OPENVINO, ComputeConfig("tensorflow")])
@pytest.mark.parametrize("given", [0, 8, 16])
@pytest.mark.parametrize("there", [0, 8, 16])
def test_other_groups_than_the_default_are_as_given(
    there: int, given: int, compute: ComputeConfig, tmp_path: Path
) -> None:
    begin(tmp_path, in_groups(tmp_path, there).identity())
    is_older = (there, given, compute) == (0, 8, OPENVINO)
    batching = with_stored_settings(in_groups(tmp_path, given, compute)).batching
    assert batching.length_group == (0 if is_older else given)
