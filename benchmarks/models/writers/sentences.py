"""Write models by sentence-transformers, and the vectors of its `encode`.

python -m benchmarks.models.writers.sentences FOLDER NAME...
"""

import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules

from benchmarks.models import expected, seeded, texts
from benchmarks.models.cases import Case
from benchmarks.models.writers import arguments, hugging_face


def main() -> None:
    """Write the models that the command line names."""
    torch.set_num_threads(1)
    for case, folder in arguments.cases_to_write(__doc__ or ""):
        write(case, folder)


def write(case: Case, folder: Path) -> None:
    """Write a model into the folder `model`, and its vectors beside."""
    with tempfile.TemporaryDirectory() as scratch:
        encoder = Path(scratch)
        tokenizer = hugging_face.write_tokenizer(case, encoder)
        bert = hugging_face.make_model(case, len(tokenizer))
        bert.save_pretrained(encoder)
        model = _assemble(case, encoder)
    model.save(str(folder / "model"))
    if case.settings.get("old"):
        _make_old(folder / "model")
    vectors = hugging_face.compute(bert, tokenizer, case.shape(1).segments)
    # One text at a time: nothing is padded.
    sentence = np.concatenate([model.encode([text]) for text in texts.TEXTS])
    expected.write(dataclasses.replace(vectors, sentence=sentence.astype(np.float32)), folder)


def _assemble(case: Case, encoder: Path) -> SentenceTransformer:
    length = case.settings.get("max_seq_length", texts.MOST_TOKENS)
    lower = case.settings.get("do_lower_case", False)
    parts: list[Any] = [
        modules.Transformer(str(encoder), max_seq_length=length, do_lower_case=lower)
    ]
    width = case.shape(1).hidden_size
    for settings in case.settings["modules"]:
        parts.append(_make(settings, width))
        width = getattr(parts[-1], "out_features", width)
        if "pooling" in settings:
            width *= len(settings["pooling"])
    prompt = case.settings.get("prompt")
    prompts = {"prompts": {"query": prompt}, "default_prompt_name": "query"} if prompt else {}
    return SentenceTransformer(modules=parts, device="cpu", **prompts)


def _make(settings: Any, width: int) -> Any:
    if "pooling" in settings:
        return modules.Pooling(
            width,
            pooling_mode=list(settings["pooling"]),
            include_prompt=settings.get("include_prompt", True),
        )
    if "dense" in settings:
        return _dense(settings["dense"], width)
    if "layer_norm" in settings:
        return modules.LayerNorm(width)
    return modules.Normalize()


def _make_old(model: Path) -> None:
    """Write the settings of a mean as releases before 5 did: a flag for each pooling."""
    width = json.loads((model / "1_Pooling" / "config.json").read_text("utf-8"))
    flags = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")
    pooling = {f"pooling_mode_{flag}": flag == "mean_tokens" for flag in flags}
    pooling = {"word_embedding_dimension": width["embedding_dimension"], **pooling}
    (model / "1_Pooling" / "config.json").write_text(json.dumps(pooling), "utf-8")
    kinds = ("Transformer", "Pooling", "Normalize")
    listed = [
        {
            "idx": number,
            "name": str(number),
            "path": f"{number}_{kind}" if number else "",
            "type": f"sentence_transformers.models.{kind}",
        }
        for number, kind in enumerate(kinds)
    ]
    (model / "modules.json").write_text(json.dumps(listed), "utf-8")


def _dense(settings: Any, width: int) -> Any:
    bias = settings.get("bias", True)
    out = settings["out_features"]
    weight = torch.from_numpy(np.ascontiguousarray(seeded.values("dense/kernel", [width, out]).T))
    return modules.Dense(
        width,
        out,
        bias=bias,
        activation_function=getattr(torch.nn, settings["activation"])(),
        init_weight=weight,
        init_bias=torch.from_numpy(seeded.values("dense/bias", [out])) if bias else None,
    )


if __name__ == "__main__":
    main()
