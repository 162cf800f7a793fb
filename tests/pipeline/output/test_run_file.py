"""The identity of a job: what is part of its fingerprint, and what is not."""

import dataclasses
import json
from pathlib import Path

import pytest

from pipeline.output import run_file
from pipeline.output.run_file import Run, Transform
from transforms.documents import FORMAT_VERSION

SHORT, LONG = tuple(range(3, 22)), tuple(range(103, 122))


def run_of(buckets: int, quantiles: tuple[int, ...] = SHORT) -> Run:
    return Run({"--xla_buckets": buckets}, "model", 16, Transform("transform", quantiles, ""))


def test_another_sample_gives_the_same_job_unless_it_chooses_the_widths_of_batches() -> None:
    assert run_of(0, SHORT).fingerprint == run_of(0, LONG).fingerprint
    assert run_of(8, SHORT).fingerprint != run_of(8, LONG).fingerprint


def test_the_fingerprint_knows_model_configuration_and_transform() -> None:
    run = run_of(0)
    others = [
        dataclasses.replace(run, model="other"),
        dataclasses.replace(run, transform=Transform("other", SHORT, "")),
        run_of(8),
    ]
    assert len({one.fingerprint for one in (run, *others)}) == 4
    with pytest.raises(ValueError, match="not known before the analysis"):
        _ = dataclasses.replace(run, transform=None).fingerprint


def test_a_command_of_an_earlier_release_names_what_it_left_out(tmp_path: Path) -> None:
    value = {
        "format_version": FORMAT_VERSION,
        "configuration": {"--features": ["cls", "mean"]},
        "model": {"handle": "minilm", "fingerprint": "f", "hidden_size": 384},
        "transform": None,
        "likeness": None,
        "plan": "",
        "versions": {},
        "command": ["beam-bert", "embed", "--input", "a.txt"],
        "directory": "/",
    }
    (tmp_path / "run.json").write_text(json.dumps(value))
    run = run_file.load_run(str(tmp_path))
    assert run is not None
    assert "--features cls,mean" in " ".join(run.command)
