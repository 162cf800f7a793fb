"""Write checkpoints as the folders that are published: Hugging Face's and Google's."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file

from transforms.bert.vocabulary import read_tokens
from transforms.checkpoints.checkpoint import Checkpoint


def hugging_face_name(name: str) -> str:
    """Rename a variable of Google's."""
    name = name.removeprefix("bert/").replace("/LayerNorm/gamma", "/LayerNorm/weight")
    name = name.replace("/LayerNorm/beta", "/LayerNorm/bias").replace("/kernel", "/weight")
    name = re.sub(r"layer_(\d+)", r"layer/\1", name)
    name = re.sub(r"_embeddings$", "_embeddings/weight", name)
    return name.replace("/", ".")


def hugging_face_arrays(checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """Return the arrays of a model.safetensors."""
    return {
        hugging_face_name(name): np.ascontiguousarray(array.T if name.endswith("kernel") else array)
        for name, array in checkpoint.variables.items()
    }


def configuration(checkpoint: Checkpoint, **changes: object) -> dict[str, object]:
    """Return the content of a config.json or bert_config.json."""
    shape = checkpoint.shape
    return {
        "model_type": "bert",
        "hidden_act": "gelu",
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "hidden_size": shape.hidden_size,
        "intermediate_size": shape.intermediate_size,
        "max_position_embeddings": shape.positions,
        "vocab_size": shape.vocab_size,
        "type_vocab_size": shape.segments,
        **changes,
    }


def write_hugging_face(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a folder as on Hugging Face, and return it."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(configuration(checkpoint)))
    (folder / "vocab.txt").write_bytes(checkpoint.vocabulary)
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"do_lower_case": checkpoint.rules.do_lower_case})
    )
    save_file(hugging_face_arrays(checkpoint), folder / "model.safetensors")
    return folder


def added_token(id_: int, content: str, **flags: bool) -> dict[str, object]:
    """Return an entry of added_tokens."""
    names = ("single_word", "lstrip", "rstrip", "normalized", "special")
    return {"id": id_, "content": content, **dict.fromkeys(names, False), **flags}


def tokenizer_json(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the content of tokenizer.json, as transformers saves it for a BERT."""
    tokens = read_tokens(checkpoint.vocabulary)
    single = [
        {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
    ]
    second = [
        {"Sequence": {"id": "B", "type_id": 1}},
        {"SpecialToken": {"id": "[SEP]", "type_id": 1}},
    ]
    return {
        "version": "1.0",
        "truncation": {"max_length": 128, "strategy": "LongestFirst", "stride": 0},
        "padding": None,
        "added_tokens": [
            added_token(tokens.index(token), token, special=True)
            for token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
        ],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": checkpoint.rules.do_lower_case,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": single,
            "pair": single + second,
            "special_tokens": {
                token: {"id": token, "ids": [tokens.index(token)], "tokens": [token]}
                for token in ("[CLS]", "[SEP]")
            },
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {token: id_ for id_, token in enumerate(tokens)},
        },
    }


def write_transformers_5(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a folder as transformers 5 saves it, without vocab.txt, and return it."""
    write_hugging_face(folder, checkpoint)
    (folder / "vocab.txt").unlink()
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json(checkpoint)))
    settings = {"do_lower_case": checkpoint.rules.do_lower_case, "strip_accents": None}
    settings |= {"tokenize_chinese_chars": True, "tokenizer_class": "BertTokenizer"}
    settings |= {"cls_token": "[CLS]", "sep_token": "[SEP]", "backend": "tokenizers"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def write_google(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a folder as Google's, and return it; its name tells the casing."""
    folder.mkdir()
    (folder / "bert_config.json").write_text(json.dumps(configuration(checkpoint)))
    (folder / "vocab.txt").write_bytes(checkpoint.vocabulary)
    write_variables(folder / "bert_model.ckpt", checkpoint)
    return folder


def write_variables(prefix: Path, checkpoint: Checkpoint, scope: str = "") -> None:
    """Write the files of a TensorFlow checkpoint, as training leaves them."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for name, array in checkpoint.variables.items():
            tf.compat.v1.get_variable(scope + name, initializer=array)
        for name in ("adam_m", "adam_v", "LAMB", "Momentum", "LAMB_1", "ExponentialMovingAverage"):
            tf.compat.v1.get_variable(f"{scope}bert/pooler/dense/kernel/{name}", initializer=0.0)
        for name in ("cls/predictions/output_bias", "output_weights", "global_step"):
            tf.compat.v1.get_variable(name, initializer=0.0)
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver().save(session, str(prefix), write_meta_graph=False)
