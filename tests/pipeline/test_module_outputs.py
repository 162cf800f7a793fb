"""Jobs of modules that have more outputs than a BERT, or fewer."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from pipeline import cli, reader
from tests import tf2_variants
from transforms.checkpoints import importing
from transforms.checkpoints.checkpoint import Checkpoint


@pytest.mark.slow
def test_a_job_stores_an_output_with_a_width_of_its_own(
    tiny_checkpoint: Checkpoint, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    tf2_variants.save(tmp_path / "tf2", tiny_checkpoint)
    (tmp_path / "a.txt").write_text("the cat sat\n" + "the cat sat on the mat . " * 3 + "\n")
    words = ["embed", "--input", str(tmp_path / "a.txt"), "--output", str(tmp_path / "out")]
    words += ["--model", str(tmp_path / "tf2"), "--max_seq_length", "12", "--window_stride", "6"]
    assert cli.main([*words, "--features", "default,pooled_output,mean"]) == 0, capsys.readouterr()
    records = list(reader.iterate_records(str(tmp_path / "out"), "pooled"))
    assert len(records) == 2
    for record in records:
        assert (len(record["default"]), len(record["mean"])) == (5, 16)
        # The module's default is twice the beginning of its pooled_output, in every window.
        np.testing.assert_allclose(
            record["default"], 2 * np.array(record["pooled_output"][:5]), atol=1e-5
        )
    assert cli.main(["verify", str(tmp_path / "out"), "--sample", "2"]) == 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            "--features pooled_output",
            "`pooled_output`: it has no pooler; its --features of documents are mean, cls",
        ),
        ("--features default", "it has no `default`: its graph has no output of that name"),
    ],
)
def test_an_output_that_a_module_lacks_is_refused(
    flags: str,
    message: str,
    tiny_checkpoint: Checkpoint,
    tmp_path: Path,
    capfd: pytest.CaptureFixture,
) -> None:
    variables = {name: x for name, x in tiny_checkpoint.variables.items() if "pooler" not in name}
    shape = dataclasses.replace(tiny_checkpoint.shape, pooler=False)
    checkpoint = dataclasses.replace(tiny_checkpoint, shape=shape, variables=variables)
    importing.write_module(checkpoint, tmp_path / "module")
    (tmp_path / "a.txt").write_text("the cat\n")
    words = ["embed", "--input", str(tmp_path / "a.txt"), "--output", str(tmp_path / "out")]
    words += ["--model", str(tmp_path / "module"), "--max_seq_length", "8", *flags.split()]
    assert cli.main(words) == 2
    error = capfd.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()
