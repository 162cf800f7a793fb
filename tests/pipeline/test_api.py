import inspect
import pydoc
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pipeline
from pipeline.errors import UsageError
from pipeline.options import flags
from tests.pipeline import corpus


def test_keywords_and_flags_are_the_same() -> None:
    of_programs = {"config", "log_level", "log_format", "metrics_file", "json"}
    of_programs |= {"cache_dir", "timeline"}
    ours = {row.name for row in flags.FLAGS} - of_programs
    keywords = inspect.signature(pipeline.embed).parameters
    assert set(keywords) - {"beam_options"} == ours
    assert keywords["max_seq_length"].default == 128
    assert "max_seq_length: int = 128" in pydoc.plain(pydoc.render_doc(pipeline.embed))


@pytest.mark.slow
def test_a_job_is_a_call_that_continues(globs: list[str], tiny_path: Path, tmp_path: Path) -> None:
    settings = {
        "model": str(tiny_path),
        "features": ["mean", "cls"],
        "id_field": "id",
        "keep_fields": ["k"],
        "max_seq_length": 8,
        "max_rejected": 1,
        "engine": "tensorflow",
    }
    result = pipeline.embed(Path(globs[2]), tmp_path / "one", **settings)
    assert (result.documents, result.embedded) == (63, 60)
    assert result.rejected == {"bad_json": 1, "missing_field": 1, "wrong_type": 1}
    result = pipeline.embed([Path(glob) for glob in globs], tmp_path / "out", **settings)
    assert (result.documents, result.embedded) == (corpus.DOCUMENTS, corpus.EMBEDDED)
    assert sum(result.rejected.values()) == corpus.DOCUMENTS - corpus.EMBEDDED
    assert result.computed
    assert result.num_tokens > result.embedded
    assert (tmp_path / "out/report.html").is_file()
    ids, vectors = result.load("cls")
    assert vectors.shape == (corpus.EMBEDDED, 16)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(
        pipeline.load_embeddings(Path(result.folder)).vectors, result.load("mean").vectors
    )
    again = pipeline.embed([str(glob) for glob in globs], str(tmp_path / "out"), **settings)
    assert not again.computed
    assert again.load().ids == ids
    with pytest.raises(pipeline.UsageError, match="--features mean,cls there, mean now"):
        pipeline.embed(globs, tmp_path / "out", **settings | {"features": "mean"})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_seq_len": 3}, "unknown setting 'max_seq_len': did you mean max_seq_length?"),
        ({"max_seq_length": "3"}, "max_seq_length is '3'; give a whole number"),
        ({"overwrite": 1}, "overwrite is 1; give true or false"),
        ({"config": "run.yaml"}, "unknown setting 'config'"),
        ({"max_rejected": None}, "max_rejected is None; give a number"),
        ({"features": "pooled"}, "`features` has 'pooled'"),
        ({"beam_options": ["--no_such_flag"]}, "unknown flag --no_such_flag"),
    ],
)
def test_wrong_settings_are_refused(settings: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        pipeline.embed("a.txt", tmp_path / "out", **settings)


@pytest.mark.slow
def test_importing_the_package_is_cheap() -> None:
    code = (
        "import sys, pipeline, pipeline.options.flags; dir(pipeline);"
        "assert not {'apache_beam', 'tensorflow', 'numpy'} & set(sys.modules);"
        "from pipeline import *; assert embed and load_embeddings and JobError"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = pipeline.nothing
