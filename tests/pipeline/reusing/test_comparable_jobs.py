from pathlib import Path
from typing import Any

import pytest

from pipeline.options.embed_config import EmbedConfig
from pipeline.output.run_file import Run
from pipeline.reusing.comparable_jobs import differences
from tests.pipeline import corpus
from tests.pipeline.reusing.moved_corpus import INVARIANT
from transforms.batching.batches import BatchingConfig
from transforms.batching.windows import WindowConfig
from transforms.bert.compute import ComputeConfig
from transforms.records.postprocess import Shaping
from transforms.rows.row_config import RowConfig


def config_of(**settings: Any) -> EmbedConfig:
    return corpus.config(["a.jsonl"], Path("out"), Path("model"), **(INVARIANT | settings))


def differences_of(there: EmbedConfig, now: EmbedConfig) -> list[str]:
    return differences(there, Run(there.identity(), "model"), now, "model")


SAME = [
    {"features": ("mean",)},
    {"output_format": "parquet"},
    {"batching": BatchingConfig(1024, length_group=8)},
    {"windows": WindowConfig(30)},
    {"rows": RowConfig("windows"), "windows": WindowConfig(12, 3)},
    {"dedup": "corpus"},
]


@pytest.mark.parametrize("settings", SAME, ids=str)
def test_flags_that_decide_no_vector_may_differ(settings: dict[str, Any]) -> None:
    assert differences_of(config_of(), config_of(**settings)) == []


OTHER = [
    ({"features": ("mean", "max")}, "--features has no max there"),
    ({"windows": WindowConfig(8, 3)}, "--window_stride 0 there, 3 now"),
    ({"batching": BatchingConfig(64, length_group=4)}, "--length_group 8 there, 4 now"),
    ({"compute": ComputeConfig("openvino", "bfloat16")}, "--precision float32 there, bfloat16 now"),
    ({"dtype": "float16"}, "--dtype float32 there, float16 now"),
    ({"shaping": Shaping(4)}, "--truncate_dim not given there, 4 now"),
    ({"shaping": Shaping(normalize=True)}, "--normalize False there, True now"),
    ({"prompt": "query: "}, "--prompt not given there, query:  now"),
    ({"special_tokens": "keep"}, "--special_tokens split there, keep now"),
]


@pytest.mark.parametrize(("settings", "line"), OTHER, ids=str)
def test_flags_that_decide_vectors_must_agree(settings: dict[str, Any], line: str) -> None:
    assert differences_of(config_of(), config_of(**settings)) == [line]


def test_averaged_windows_depend_on_the_longest_input() -> None:
    there, now = (config_of(windows=WindowConfig(length, 3)) for length in (8, 9))
    assert differences_of(there, now) == ["--max_seq_length 8 there, 9 now"]
    assert differences_of(now, now) == []


def test_vectors_of_another_model_are_others() -> None:
    there = config_of()
    run = Run(there.identity(), "model")
    assert differences(there, run, there, "other") == ["--model is another one"]
