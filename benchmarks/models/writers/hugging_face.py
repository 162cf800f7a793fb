"""Write models by transformers, and the vectors of its BertModel.

python -m benchmarks.models.writers.hugging_face FOLDER NAME...
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from benchmarks.models import expected, names, seeded, texts
from benchmarks.models.cases import Case
from benchmarks.models.writers import arguments
from transforms.bert.shape import BertShape


def main() -> None:
    """Write the models that the command line names."""
    torch.set_num_threads(1)
    for case, folder in arguments.cases_to_write(__doc__ or ""):
        write(case, folder)


def write(case: Case, folder: Path) -> None:
    """Write a model into the folder `model`, and its vectors beside."""
    tokenizer = write_tokenizer(case, folder / "model")
    model = make_model(case, len(tokenizer))
    save(case, model, folder / "model")
    expected.write(compute(model, tokenizer, case.shape(1).segments), folder)


def write_tokenizer(case: Case, model: Path) -> Any:
    """Write a tokenizer, and return it as transformers loads it."""
    tokens = texts.vocabulary()
    rules = dict(case.settings.get("rules", {"do_lower_case": True}))
    if case.settings.get("layout") == "vocab.txt":
        (model / "vocab.txt").write_text(texts.to_vocab_txt(tokens), "utf-8")
        settings = {"tokenizer_class": "BertTokenizer", **rules}
        (model / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
        return transformers.BertTokenizer.from_pretrained(model)
    tokenizer = transformers.BertTokenizer(
        vocab={token: number for number, token in enumerate(tokens)}, **rules
    )
    tokenizer.add_tokens(list(case.settings.get("added_tokens", ())))
    for token in case.settings.get("added_raw", ()):
        tokenizer.add_tokens([transformers.AddedToken(token, normalized=False)])
    tokenizer.save_pretrained(model)
    return tokenizer


def make_model(case: Case, vocab_size: int) -> Any:
    """Make a model in evaluation mode."""
    multiple = case.settings.get("padded", 1)
    shape = case.shape(-(-vocab_size // multiple) * multiple)
    kind = case.settings.get("model", "bert")
    kind = {"electra": "Electra", "roberta": "Roberta", "mpnet": "MPNet"}.get(kind, "Bert")
    config = getattr(transformers, f"{kind}Config")(**_configuration(case, shape))
    options = {} if kind == "Electra" else {"add_pooling_layer": shape.pooler}
    model = getattr(transformers, f"{kind}Model")(config, **options)
    model.load_state_dict(_state(shape), strict=kind in ("Bert", "Electra"))
    return model.eval().to(getattr(torch, case.settings.get("dtype", "float32")))


def _configuration(case: Case, shape: BertShape) -> dict[str, Any]:
    known = ("hidden_act", "layer_norm_eps")
    return {
        "vocab_size": shape.vocab_size,
        "hidden_size": shape.hidden_size,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.intermediate_size,
        "max_position_embeddings": shape.positions,
        "type_vocab_size": shape.segments,
        "embedding_size": shape.embedding_size,
        "attn_implementation": "eager",
        **{name: case.settings[name] for name in known if name in case.settings},
    }


def _state(shape: BertShape) -> dict[str, torch.Tensor]:
    arrays = seeded.variables(shape)
    return {
        names.to_hugging_face(name): torch.from_numpy(
            np.ascontiguousarray(array.T if name.endswith("kernel") else array)
        )
        for name, array in arrays.items()
    }


def save(case: Case, model: Any, folder: Path) -> None:
    """Save a model, with the head that the case names."""
    head = case.settings.get("head")
    if head:
        whole = getattr(transformers, head)(model.config)
        whole.bert = model
        whole.save_pretrained(folder)
    else:
        model.save_pretrained(folder, max_shard_size=case.settings.get("shards", "5GB"))


def compute(model: Any, tokenizer: Any, segments: int) -> expected.Expected:
    """Run a model on each text and each pair alone, in float32."""
    model = model.float()
    inputs: list[Any] = [tokenizer(text, **_OPTIONS) for text in texts.TEXTS]
    if segments > 1:
        inputs += [tokenizer(*pair, **_OPTIONS) for pair in texts.PAIRS]
    outputs = [_run(model, each) for each in inputs]
    pooled = [output.pooler_output for output in outputs if "pooler_output" in output]
    return expected.Expected(
        input_ids=_rows(inputs, "input_ids"),
        segment_ids=_rows(inputs, "token_type_ids"),
        tokens=[output.last_hidden_state[0].numpy() for output in outputs],
        pooled=torch.cat(pooled).numpy() if pooled else None,
        texts=len(texts.TEXTS),
    )


_OPTIONS = {"truncation": True, "max_length": texts.MOST_TOKENS, "return_tensors": "pt"}


def _run(model: Any, inputs: Any) -> Any:
    with torch.inference_mode():
        return model(**inputs)


def _rows(inputs: Sequence[Any], name: str) -> list[np.ndarray]:
    return [each[name][0].numpy().astype(np.int32) for each in inputs]


if __name__ == "__main__":
    main()
