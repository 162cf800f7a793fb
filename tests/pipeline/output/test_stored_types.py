import dataclasses
from pathlib import Path

import pytest

from pipeline.options.embed_config import EmbedConfig, InputConfig
from pipeline.output import run_file
from pipeline.output.run_file import Run
from pipeline.output.stored_types import with_stored_types
from transforms.sources.base import ReadConfig

COMMAND = ("beam-bert", "embed")


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
    assert with_stored_types(config(tmp_path, *now)) == config(tmp_path, *now)
    first = config(tmp_path, "k:int64", "n:date")
    run_file.write_run(str(tmp_path), Run(first.identity(), "model", command=COMMAND), first)
    assert with_stored_types(config(tmp_path, *now)).input.read.keep_fields == expected
    again = dataclasses.replace(config(tmp_path, *now), overwrite=True)
    assert with_stored_types(again) == again
    (tmp_path / "run.json").write_text("{")
    assert with_stored_types(config(tmp_path, *now)) == config(tmp_path, *now)
