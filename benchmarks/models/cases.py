"""The models to compare, as data. Every environment imports this."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from transforms.bert.shape import BertShape

HUGGING_FACE, SENTENCES = "hugging_face", "sentences"
GARDEN = "garden"
# The environment of each writer.
ENVIRONMENT_OF = {HUGGING_FACE: "transformers", SENTENCES: "transformers", GARDEN: "garden"}


@dataclasses.dataclass(frozen=True)
class Case:
    """A model.

    Attributes:
        name: of its folder.
        label: for the table.
        writer: the program that makes it, a module of `writers`.
        sizes: that differ from those of `shape`.
        settings: what the writer is to do; see there.
    """

    name: str
    label: str
    writer: str
    sizes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def shape(self, vocab_size: int) -> BertShape:
        """Return its sizes: by default 2 layers of 32, 4 heads, 64 positions."""
        sizes: dict[str, Any] = {
            "layers": 2,
            "heads": 4,
            "hidden_size": 32,
            "intermediate_size": 64,
            "positions": 64,
            "segments": 2,
            **self.sizes,
        }
        return BertShape(vocab_size=vocab_size, **sizes)


def _hugging_face(name: str, label: str, sizes: Any = None, **settings: Any) -> Case:
    return Case(f"hf-{name}", label, HUGGING_FACE, sizes or {}, settings)


def _sentences(name: str, label: str, *modules: Any, **settings: Any) -> Case:
    return Case(f"st-{name}", label, SENTENCES, {}, {"modules": modules, **settings})


def _garden(name: str, label: str, sizes: Any = None, **settings: Any) -> Case:
    return Case(f"garden-{name}", label, GARDEN, sizes or {}, settings)


_ACTIVATIONS = ("gelu", "gelu_new", "relu", "tanh", "silu")
_EPSILONS = (1e-12, 1e-5, 0.003)
_HEADS = {1: (1, 32), 2: (2, 32), 16: (16, 64)}
_RULES = {
    "lower": {"do_lower_case": True},
    "cased": {"do_lower_case": False},
    "lower-accents": {"do_lower_case": True, "strip_accents": False},
    "cased-stripped": {"do_lower_case": False, "strip_accents": True},
    "no-chinese": {"do_lower_case": True, "tokenize_chinese_chars": False},
    "cased-no-chinese": {"do_lower_case": False, "tokenize_chinese_chars": False},
}

_HUGGING_FACE_CASES = (
    *(_hugging_face(f"act-{act}", f"hidden_act {act}", hidden_act=act) for act in _ACTIVATIONS),
    *(_hugging_face(f"eps-{eps:g}", f"epsilon {eps:g}", layer_norm_eps=eps) for eps in _EPSILONS),
    *(
        _hugging_face(
            f"heads-{n}",
            f"{n} {'head' if n == 1 else 'heads'} of {width // n}",
            {"heads": n, "hidden_size": width},
        )
        for n, width in _HEADS.values()
    ),
    _hugging_face("no-pooler", "no pooler", {"pooler": False}),
    _hugging_face("one-segment", "one segment", {"segments": 1}),
    _hugging_face("padded", "table padded to a multiple of 64", padded=64),
    _hugging_face("added", "added tokens", added_tokens=["<url>", "<user>"]),
    _hugging_face("added-raw", "added tokens, not normalized", added_raw=["<url>"]),
    _hugging_face("sharded", "weights in several files", shards="20KB"),
    _hugging_face("pretraining", "BertForPreTraining", head="BertForPreTraining"),
    _hugging_face("float16", "weights in float16", dtype="float16"),
    _hugging_face("bfloat16", "weights in bfloat16", dtype="bfloat16"),
    _hugging_face("masked-lm", "BertForMaskedLM", {"pooler": False}, head="BertForMaskedLM"),
    _hugging_face(
        "classifier", "BertForSequenceClassification", head="BertForSequenceClassification"
    ),
    *(
        _hugging_face(f"json-{name}", f"tokenizer.json, {name}", rules=rules)
        for name, rules in _RULES.items()
    ),
    *(
        _hugging_face(f"txt-{name}", f"vocab.txt, {name}", rules=rules, layout="vocab.txt")
        for name, rules in _RULES.items()
    ),
    _hugging_face("electra", "ELECTRA", {"pooler": False, "embedding_size": 16}, model="electra"),
    _hugging_face("mish", "hidden_act mish", hidden_act="mish"),
    _hugging_face("mpnet", "MPNet", {"positions": 72}, model="mpnet"),
    _hugging_face("roberta", "RoBERTa", {"positions": 72}, model="roberta"),
)

_POOLINGS = ("cls", "mean", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
_SMALL = {"layers": 1, "heads": 2, "hidden_size": 8, "intermediate_size": 16}
_DENSE = {"out_features": 24, "activation": "Tanh"}
_NORMALIZED = ({"pooling": ["mean"]}, {"normalize": True})
_SENTENCE_CASES = (
    *(_sentences(mode, f"pooling {mode}", {"pooling": [mode]}) for mode in _POOLINGS),
    _sentences("two", "cls and max, concatenated", {"pooling": ["cls", "max"]}),
    _sentences("normalized", "mean, Normalize", *_NORMALIZED),
    _sentences("dense", "mean, Dense 24 Tanh", {"pooling": ["mean"]}, {"dense": _DENSE}),
    _sentences(
        "dense-normalized",
        "cls, Dense 40 Identity without bias, Normalize",
        {"pooling": ["cls"]},
        {"dense": {"out_features": 40, "activation": "Identity", "bias": False}},
        {"normalize": True},
    ),
    _sentences("prompt", "mean, default prompt", {"pooling": ["mean"]}, prompt="query: "),
    _sentences(
        "prompt-excluded",
        "mean, default prompt left out of the pooling",
        {"pooling": ["mean"], "include_prompt": False},
        prompt="query: ",
    ),
    _sentences(
        "lower",
        "mean, do_lower_case before a cased tokenizer",
        {"pooling": ["mean"]},
        do_lower_case=True,
        rules={"do_lower_case": False},
    ),
    _sentences("old", "mean, Normalize, in files of release 2", *_NORMALIZED, old=True),
    _sentences("layer-norm", "mean, LayerNorm", {"pooling": ["mean"]}, {"layer_norm": True}),
    Case(
        "st-small",
        "1 layer of 8, tanh, mean, Dense, Normalize",
        SENTENCES,
        _SMALL,
        {
            "modules": ({"pooling": ["mean"]}, {"dense": _DENSE}, {"normalize": True}),
            "hidden_act": "tanh",
            "layer_norm_eps": 1e-6,
        },
    ),
    _sentences("short", "mean, max_seq_length 16", {"pooling": ["mean"]}, max_seq_length=16),
)

_GARDEN_CASES = (
    _garden("v1", "BertEncoder, dict of inputs", encoder="V1"),
    _garden("v2", "BertEncoderV2, dict of inputs", encoder="V2"),
    *(
        _garden(f"act-{act}", f"BertEncoderV2, {act}", encoder="V2", activation=act)
        for act in ("gelu_exact", "relu", "tanh", "swish")
    ),
    _garden("norm-first", "BertEncoderV2, norm_first", encoder="V2", norm_first=True),
    _garden(
        "factorised", "BertEncoderV2, embedding_width 16", {"embedding_size": 16}, encoder="V2"
    ),
    _garden(
        "all",
        "BertEncoderV2, norm_first, embedding_width 16, relu",
        {"embedding_size": 16},
        encoder="V2",
        norm_first=True,
        activation="relu",
    ),
    _garden("heads-1", "BertEncoderV2, 1 head of 32", {"heads": 1}, encoder="V2"),
    _garden(
        "heads-16", "BertEncoderV2, 16 heads of 4", {"heads": 16, "hidden_size": 64}, encoder="V2"
    ),
    _garden("export", "export_tfhub_lib.export_model", encoder="V2", inputs="export"),
    _garden("export-mlm", "the same, with_mlm", encoder="V2", inputs="export-mlm"),
    _garden("list", "BertEncoder, list of inputs", encoder="V1", inputs="list"),
    _garden("fixed", "BertEncoder, length 24", encoder="V1", inputs="fixed", length=24),
    _garden("checkpoint-v1", "checkpoint of BertEncoder", encoder="V1", inputs="checkpoint"),
    _garden("checkpoint-v2", "checkpoint of BertEncoderV2", encoder="V2", inputs="checkpoint"),
    _garden(
        "params",
        "checkpoint with params.yaml: norm_first, embedding_size 16, swish",
        {"embedding_size": 16},
        encoder="V2",
        inputs="params",
        activation="swish",
        norm_first=True,
    ),
    _garden(
        "converted", "TF1 checkpoint, converted by the garden", encoder="V1", inputs="converted"
    ),
    _garden(
        "small",
        "checkpoint, 1 layer of 8: norm_first, embedding_size 4, relu",
        {**_SMALL, "embedding_size": 4},
        encoder="V2",
        inputs="params",
        activation="relu",
        norm_first=True,
    ),
    _garden("tf1", "checkpoint by Google's names (TF1)", encoder="V1", inputs="tf1"),
)

CASES = (*_HUGGING_FACE_CASES, *_SENTENCE_CASES, *_GARDEN_CASES)
