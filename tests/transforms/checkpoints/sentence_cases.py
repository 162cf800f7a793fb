"""Small models of sentence-transformers, for which tests/data has golden figures."""

import json
import sys
from pathlib import Path
from typing import Any

from tests.transforms.checkpoints.sentence_files import NORMALIZE, dense, write_sentence_model

ALL = ["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]
PROMPTS = {"prompts": {"query": "the dog: ", "none": ""}, "default_prompt_name": "query"}
# Arguments of `write_sentence_model`, by name.
CASES: dict[str, dict[str, Any]] = {
    "each pooling": {"pooling": {"pooling_mode": ALL}},
    "old names": {
        "pooling": {"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True},
        "steps": [NORMALIZE],
    },
    "dense": {
        "pooling": {"pooling_mode": ["cls", "mean"]},
        "steps": [dense(32, 20), dense(20, 8, "Identity", bias=False), NORMALIZE],
    },
    "prompt": {"pooling": {"pooling_mode": "mean"}, "prompts": PROMPTS},
    "prompt left out": {
        "pooling": {"pooling_mode": ["mean", "weightedmean", "max"], "include_prompt": False},
        "prompts": PROMPTS,
    },
}
TEXTS = ("The cat sat on a mat.", "!", "猫 кот, unable é zzz", "dogs ran. " * 9)


def main(folders: Path) -> None:
    """Write the models and the texts, for tests/data/make_sentence_golden.py."""
    folders.mkdir()
    for name, case in CASES.items():
        write_sentence_model(folders / name, **case)
    (folders / "texts.json").write_text(json.dumps(TEXTS))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
