"""Jobs in batches of one group of lengths, and jobs from before there were groups."""

import json
import platform
from pathlib import Path

import numpy as np
import pytest

from pipeline import cli, reader
from tests.pipeline import corpus
from transforms.batching.batches import BatchingConfig
from transforms.bert.compute import ComputeConfig

OPENVINO = ComputeConfig("openvino")
FEATURES = ("mean", "pooled_output")
pytestmark = pytest.mark.slow


def configuration(folder: Path) -> dict[str, object]:
    return json.loads((folder / "run.json").read_text())["configuration"]


def test_a_job_from_before_groups_continues_with_the_batches_it_had(
    globs: list[str], tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    corpus.embed(globs, out, tiny_path, compute=OPENVINO, features=FEATURES)
    assert "--length_group" not in configuration(out)
    before = corpus.data_files(out)
    first = sorted((out / "receipts").iterdir())[0]
    first.unlink()
    for path in out.glob(f"pooled/{first.stem}*"):
        path.unlink()
    words = ["--input", *globs, "--output", str(out), "--model", str(tiny_path)]
    words += ["--engine=openvino", "--features=mean,pooled_output", "--max_seq_length=8"]
    words += ["--part_bytes=1024", "--tokens_per_batch=64", "--max_rejected=0.1"]
    words += ["--id_field=id", "--keep_fields=k"]
    assert cli.main(["embed", *words]) == 0
    assert corpus.data_files(out) == before
    assert cli.main(["embed", *words, "--length_group=4"]) == 2
    assert "--length_group 0 there, 4 now" in capsys.readouterr().err
    assert cli.main(["embed", *words, "--overwrite"]) == 0
    assert configuration(out)["--length_group"] == 8
    assert cli.main(["verify", str(out)]) == 0


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the processor has other lanes")
def test_vectors_do_not_depend_on_the_documents_of_a_job(
    globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    """Other parts, other batches and fewer files give the same bits."""
    settings = {"compute": OPENVINO, "features": FEATURES}
    groups = [BatchingConfig(positions, length_group=8) for positions in (64, 17)]
    corpus.embed(globs, tmp_path / "all", tiny_path, batching=groups[0], **settings)
    corpus.embed(globs[2:], tmp_path / "some", tiny_path, batching=groups[1], **settings)
    for name in FEATURES:
        there, here = (
            reader.load_embeddings(str(tmp_path / folder), name) for folder in ("all", "some")
        )
        places = {id_: place for place, id_ in enumerate(there.ids)}
        vectors = there.vectors[[places[id_] for id_ in here.ids]]
        assert len(here.ids) == 60
        np.testing.assert_array_equal(vectors.view(np.uint32), here.vectors.view(np.uint32))
