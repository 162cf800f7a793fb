import dataclasses
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.transforms.checkpoints import checkpoint_files
from tests.transforms.checkpoints.checkpoint_files import (
    configuration,
    hugging_face_arrays,
    write_google,
    write_hugging_face,
)
from transforms.bert.shape import variable_shapes
from transforms.checkpoints import google_checkpoint
from transforms.checkpoints.checkpoint import Checkpoint
from transforms.checkpoints.checkpoint_folders import read_checkpoint


@pytest.fixture
def folder(tmp_path: Path, tiny_checkpoint: Checkpoint) -> Path:
    """A Hugging Face folder."""
    return write_hugging_face(tmp_path, tiny_checkpoint)


def assert_same(read: Checkpoint, expected: Checkpoint, atol: float = 0.0) -> None:
    assert set(read.variables) == set(expected.variables)
    for name, array in expected.variables.items():
        assert read.variables[name].dtype == np.float32
        np.testing.assert_allclose(read.variables[name], array, atol=atol, err_msg=name)


def test_a_hugging_face_folder_is_read(folder: Path, tiny_checkpoint: Checkpoint) -> None:
    read = read_checkpoint(folder)
    assert_same(read, tiny_checkpoint)
    assert (read.shape, read.architecture.activation, read.rules.do_lower_case) == (
        tiny_checkpoint.shape,
        "gelu_erf",
        True,
    )


def test_prefixes_and_old_names_are_known(folder: Path, tiny_checkpoint: Checkpoint) -> None:
    arrays = {
        "bert."
        + re.sub("LayerNorm.weight", "LayerNorm.gamma", name).replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): array
        for name, array in hugging_face_arrays(tiny_checkpoint).items()
    }
    arrays["cls.predictions.bias"] = np.zeros(3, np.float32)
    save_file(arrays, folder / "model.safetensors")
    assert_same(read_checkpoint(folder), tiny_checkpoint)


@pytest.mark.parametrize(("dtype", "atol"), [(np.float16, 2e-3), (ml_dtypes.bfloat16, 2e-2)])
def test_half_precision_weights_become_float32(
    folder: Path, tiny_checkpoint: Checkpoint, dtype: type, atol: float
) -> None:
    arrays = hugging_face_arrays(tiny_checkpoint)
    halved = {name: array.astype(dtype) for name, array in arrays.items()}
    save_file(halved, folder / "model.safetensors")
    assert_same(read_checkpoint(folder), tiny_checkpoint, atol)


def test_shards_are_read_through_their_index(folder: Path, tiny_checkpoint: Checkpoint) -> None:
    arrays = hugging_face_arrays(tiny_checkpoint)
    (folder / "model.safetensors").unlink()
    where = {name: f"model-{number % 2}.safetensors" for number, name in enumerate(sorted(arrays))}
    for shard in set(where.values()):
        save_file({n: a for n, a in arrays.items() if where[n] == shard}, folder / shard)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": where}))
    assert_same(read_checkpoint(folder), tiny_checkpoint)


def test_one_file_of_weights_precedes_an_old_index(
    folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    arrays = hugging_face_arrays(tiny_checkpoint)
    save_file({name: array + 1 for name, array in arrays.items()}, folder / "model-0.safetensors")
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": dict.fromkeys(arrays, "model-0.safetensors")}))
    assert_same(read_checkpoint(folder), tiny_checkpoint)


@pytest.mark.parametrize("prefix", ["", "bert.", "model.", "_orig_mod.module.bert."])
def test_the_encoder_is_found_under_any_prefix(
    prefix: str, folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    arrays = {prefix + name: array for name, array in hugging_face_arrays(tiny_checkpoint).items()}
    arrays |= {"classifier.weight": np.zeros([3, 16], np.float32)}
    arrays |= {f"{prefix}embeddings.position_ids": np.arange(32)[np.newaxis]}
    save_file(arrays, folder / "model.safetensors")
    assert_same(read_checkpoint(folder), tiny_checkpoint)


def test_weights_without_a_pooler_are_read(folder: Path, tiny_checkpoint: Checkpoint) -> None:
    without_pooler(folder, tiny_checkpoint)
    read = read_checkpoint(folder)
    assert read.shape == dataclasses.replace(tiny_checkpoint.shape, pooler=False)
    expected = {n: a for n, a in tiny_checkpoint.variables.items() if "pooler" not in n}
    assert_same(read, dataclasses.replace(tiny_checkpoint, variables=expected))


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        *(("gelu", "gelu_erf"), ("gelu_python", "gelu_erf"), ("gelu_new", "gelu_tanh")),
        *(("gelu_fast", "gelu_tanh"), ("gelu_pytorch_tanh", "gelu_tanh"), ("relu", "relu")),
        *(("tanh", "tanh"), ("silu", "swish"), ("swish", "swish")),
    ],
)
def test_every_activation_that_is_computed_is_read(
    named: str, expected: str, folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    configured(hidden_act=named)(folder, tiny_checkpoint)
    assert read_checkpoint(folder).architecture.activation == expected


def test_a_configuration_of_2019_names_only_its_classes(
    folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    settings = configuration(tiny_checkpoint, architectures=["BertForMaskedLM"])
    del settings["model_type"]
    (folder / "config.json").write_text(json.dumps(settings))
    assert_same(read_checkpoint(folder), tiny_checkpoint)


def test_an_electra_is_an_encoder_with_narrow_tables_and_no_pooler(
    folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    shape = dataclasses.replace(tiny_checkpoint.shape, embedding_size=8, pooler=False)
    random = np.random.default_rng(0)
    variables = {
        name: random.normal(size=size).astype(np.float32)
        for name, size in variable_shapes(shape).items()
    }
    narrow = dataclasses.replace(tiny_checkpoint, shape=shape, variables=variables)
    arrays = {f"electra.{name}": array for name, array in hugging_face_arrays(narrow).items()}
    arrays["discriminator_predictions.dense.weight"] = np.zeros([16, 16], np.float32)
    save_file(arrays, folder / "model.safetensors")
    configured(model_type="electra", embedding_size=8)(folder, tiny_checkpoint)
    read = read_checkpoint(folder)
    assert read.shape == shape
    assert_same(read, narrow)
    configured(model_type="electra")(folder, tiny_checkpoint)
    with pytest.raises(ValueError, match="does not have 'embedding_size'"):
        read_checkpoint(folder)


def test_rows_that_pad_the_table_are_cut(folder: Path, tiny_checkpoint: Checkpoint) -> None:
    arrays = hugging_face_arrays(tiny_checkpoint)
    table = arrays["embeddings.word_embeddings.weight"]
    for rows in (1, 127, 128):
        padded = np.concatenate([table, np.ones([rows, 16], np.float32)])
        save_file(
            {**arrays, "embeddings.word_embeddings.weight": padded}, folder / "model.safetensors"
        )
        configured(vocab_size=24 + rows)(folder, tiny_checkpoint)
        if rows == 128:
            # So many may be wordpieces of a vocabulary that was cut short.
            with pytest.raises(ValueError, match="has 24 wordpieces, the weights have 152"):
                read_checkpoint(folder)
        else:
            read = read_checkpoint(folder)
            assert read.shape == tiny_checkpoint.shape
            assert_same(read, tiny_checkpoint)
    tokens = checkpoint_files.tokenizer_json(tiny_checkpoint)
    (folder / "tokenizer.json").write_text(json.dumps(tokens))
    assert read_checkpoint(folder).shape == tiny_checkpoint.shape


def test_the_subfolder_of_old_sentence_transformers_is_read(
    tmp_path: Path, tiny_checkpoint: Checkpoint
) -> None:
    write_hugging_face(tmp_path / "0_Transformer", tiny_checkpoint)
    (tmp_path / "config.json").write_text('{"__version__": "0.3.0"}')
    modules = tmp_path / "modules.json"
    modules.write_text(json.dumps([{"idx": 0, "path": "0_Transformer", "type": "Transformer"}]))
    assert_same(read_checkpoint(tmp_path), tiny_checkpoint)
    for path in ("../0_Transformer", str(tmp_path / "0_Transformer"), "x" * 256):
        modules.write_text(json.dumps([{"path": path}]))
        with pytest.raises(ValueError, match=r"modules\.json has path .*, which is outside"):
            read_checkpoint(tmp_path)
    modules.write_text("{}")
    with pytest.raises(ValueError, match=r"modules\.json is not a list of modules"):
        read_checkpoint(tmp_path)
    modules.write_text('[{"idx": 0}]')
    with pytest.raises(ValueError, match="has no model_type, and architectures None"):
        read_checkpoint(tmp_path)


def test_casing_and_gelu_come_from_the_folder_or_the_arguments(
    folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    changed = configuration(tiny_checkpoint, hidden_act="gelu_new")
    (folder / "config.json").write_text(json.dumps(changed))
    read = read_checkpoint(folder)
    assert (read.rules.do_lower_case, read.architecture.activation) == (False, "gelu_tanh")
    read = read_checkpoint(folder, gelu="erf", do_lower_case=True)
    assert (read.rules.do_lower_case, read.architecture.activation) == (True, "gelu_erf")


def without_pooler(folder: Path, checkpoint: Checkpoint) -> None:
    arrays = hugging_face_arrays(checkpoint)
    save_file(
        {name: array for name, array in arrays.items() if "pooler" not in name},
        folder / "model.safetensors",
    )


def pickled(folder: Path, _: Checkpoint) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def two_encoders(folder: Path, checkpoint: Checkpoint) -> None:
    arrays = hugging_face_arrays(checkpoint)
    twice = {
        f"{tower}.{name}": arrays[name] for tower in ("question", "context") for name in arrays
    }
    save_file(twice, folder / "model.safetensors")


def twice_named(folder: Path, checkpoint: Checkpoint) -> None:
    arrays = hugging_face_arrays(checkpoint)
    arrays["embeddings.LayerNorm.gamma"] = arrays["embeddings.LayerNorm.weight"]
    save_file(arrays, folder / "model.safetensors")


def with_adapter(folder: Path, checkpoint: Checkpoint) -> None:
    arrays = hugging_face_arrays(checkpoint)
    arrays["encoder.layer.0.output.adapter.weight"] = np.zeros([2, 2], np.float32)
    save_file(arrays, folder / "model.safetensors")


def cut_weights(folder: Path, _: Checkpoint) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])


def configured(**changes: object) -> Callable[[Path, Checkpoint], None]:
    def write(folder: Path, checkpoint: Checkpoint) -> None:
        (folder / "config.json").write_text(json.dumps(configuration(checkpoint, **changes)))

    return write


def written(name: str, content: bytes) -> Callable[[Path, Checkpoint], None]:
    return lambda folder, _: (folder / name).write_bytes(content) and None


def tokenizer(text: str) -> Callable[[Path, Checkpoint], None]:
    return written("tokenizer_config.json", text.encode())


def lost_shard(folder: Path, _: Checkpoint) -> None:
    weights = folder / "model.safetensors"
    weights.unlink()
    listed = b'{"weight_map": {"pooler.dense.bias": "model-7.safetensors"}}'
    weights.with_suffix(".safetensors.index.json").write_bytes(listed)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (configured(model_type="roberta"), "has model_type 'roberta', not 'bert': its tokenizer "),
        (configured(model_type="of_tomorrow"), "has model_type 'of_tomorrow', not 'bert'$"),
        (configured(model_type=None), "has no model_type, and architectures None: .* add"),
        (
            configured(model_type=None, architectures=["BertModel", "RobertaModel"]),
            r"has no model_type, and architectures \['BertModel', 'RobertaModel'\]",
        ),
        (configured(position_embedding_type="relative_key"), "has relative positions"),
        (configured(position_embedding_type="alibi"), "has position_embedding_type 'alibi'"),
        (configured(is_decoder=True), "describes a decoder"),
        (configured(add_cross_attention=True), "describes a decoder"),
        (configured(quantization_config={"bits": 4}), "has a quantization_config"),
        (configured(auto_map={"AutoModel": "mine.Model"}), "names code of its own"),
        (configured(hidden_act="mish"), "hidden_act 'mish'; it is one of gelu, gelu_python, "),
        (configured(intermediate_size=33), r"shape \(16, 32\); the configuration says \(16, 33\)"),
        (configured(vocab_size=25), "the configuration says"),
        (configured(num_hidden_layers=3), "the weights lack bert/encoder/layer_2/"),
        (configured(num_attention_heads=3), "hidden size 16 is not divisible by 3"),
        (lambda folder, _: (folder / "vocab.txt").unlink(), r"cannot read .*vocab\.txt"),
        (
            lambda folder, _: (folder / "model.safetensors").unlink(),
            "there is no model.safetensors",
        ),
        (written("model.safetensors", b"\xff" * 99), "is not a safetensors file"),
        (cut_weights, "is not a safetensors file"),
        (lost_shard, r"there is no model-7\.safetensors"),
        (written("vocab.txt", b"\xff"), "is not UTF-8"),
        (written("config.json", b"["), r"cannot read .*config\.json"),
        (written("config.json", b"[" * 100_000), r"cannot read .*config\.json: .* too deeply"),
        (written("config.json", b"[]"), r"config\.json does not contain a JSON object"),
        (written("config.json", b'{"model_type": "bert"}'), "does not have 'num_hidden_layers'"),
        (lambda folder, _: (folder / "config.json").unlink(), "is not the folder of a model: "),
        (pickled, r"there is no model\.safetensors; pytorch_model\.bin is not read.* pickle"),
        (two_encoders, r"have several encoders: context\., question\."),
        (twice_named, r"have bert/embeddings/LayerNorm/gamma twice, also as .*LayerNorm\.weight"),
        (written("adapter_config.json", b"{}"), r"an adapter \(adapter_config\.json\).* merge it"),
        (configured(transformers_weights="a.safetensors"), "has transformers_weights, the name"),
        (
            tokenizer('{"word_tokenizer_type": "mecab"}'),
            "word_tokenizer_type 'mecab'; only 'basic'",
        ),
        (tokenizer('{"subword_tokenizer_type": "character"}'), "subword_tokenizer_type 'character"),
        (with_adapter, "have bert/encoder/layer_0/output/adapter/kernel, which no BERT has"),
    ],
)
def test_a_folder_that_cannot_be_imported_is_refused_with_the_reason(
    folder: Path,
    tiny_checkpoint: Checkpoint,
    spoil: Callable[[Path, Checkpoint], None],
    message: str,
) -> None:
    spoil(folder, tiny_checkpoint)
    with pytest.raises(ValueError, match=message):
        read_checkpoint(folder)


def test_a_file_and_an_unknown_gelu_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="is not a folder"):
        read_checkpoint(folder / "vocab.txt")
    with pytest.raises(ValueError, match="`gelu` is 'relu'; it is one of erf, tanh"):
        read_checkpoint(folder, gelu="relu")


def test_another_activation_is_not_replaced_by_a_gelu(
    folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    configured(hidden_act="relu")(folder, tiny_checkpoint)
    with pytest.raises(ValueError, match=r"config\.json has hidden_act 'relu': leave out `gelu`"):
        read_checkpoint(folder, gelu="tanh")


def test_dropout_and_epsilon_come_from_the_configuration(
    folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    configured(hidden_dropout_prob=0.3, layer_norm_eps=1e-5)(folder, tiny_checkpoint)
    read = read_checkpoint(folder)
    assert (read.dropout, read.architecture.layer_norm_eps) == (0.3, 1e-5)


def test_a_vocabulary_of_another_size_is_refused(folder: Path) -> None:
    with open(folder / "vocab.txt", "a") as file:
        file.write("extra\n")
    with pytest.raises(ValueError, match="has 25 wordpieces, the weights have 24"):
        read_checkpoint(folder)


def test_a_google_checkpoint_is_read(
    tmp_path: Path, tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_google(tmp_path / "multi_cased_L-2_H-16_A-4", tiny_checkpoint)
    read = read_checkpoint(folder)
    assert_same(read, tiny_checkpoint)
    assert (read.architecture.activation, read.rules.do_lower_case) == ("gelu_tanh", False)
    assert read_checkpoint(folder, gelu="erf").architecture.activation == "gelu_erf"
    index = hashlib.sha256((folder / "bert_model.ckpt.index").read_bytes()).hexdigest()
    monkeypatch.setattr(google_checkpoint, "_TRAINED_WITH_ERF", {index})
    assert read_checkpoint(folder).architecture.activation == "gelu_erf"

    folder = folder.rename(tmp_path / "uncased_L-2")
    assert read_checkpoint(folder).rules.do_lower_case
    assert not read_checkpoint(folder, do_lower_case=False).rules.do_lower_case
    folder = folder.rename(tmp_path / "Cased_L-2")
    assert not read_checkpoint(folder).rules.do_lower_case
    folder = folder.rename(tmp_path / "mine")
    with pytest.raises(ValueError, match="give `do_lower_case` true or false"):
        read_checkpoint(folder)
    assert not read_checkpoint(folder, do_lower_case=False).rules.do_lower_case
    (folder / "bert_model.ckpt.data-00000-of-00001").unlink()
    with pytest.raises(ValueError, match=r"mine: bert_model\.ckpt\.data-00000-of-00001 is missing"):
        read_checkpoint(folder, do_lower_case=False)
    (folder / "bert_model.ckpt.index").unlink()
    with pytest.raises(ValueError, match=r"mine: it has no checkpoint of TensorFlow"):
        read_checkpoint(folder, do_lower_case=False)


@pytest.mark.parametrize(
    ("name", "gelu"),
    [
        ("chinese_L-12_H-768_A-12", "erf"),
        ("cased_L-24_H-1024_A-16", "erf"),
        ("wwm_cased_L-24_H-1024_A-16", "tanh"),
        ("uncased_L-4_H-512_A-8", "tanh"),
        ("fine_tuned_by_a_user", "tanh"),
    ],
)
def test_the_gelu_of_a_published_checkpoint_is_known(
    name: str, gelu: str, tmp_path: Path, tiny_checkpoint: Checkpoint
) -> None:
    folder = write_google(tmp_path / name, tiny_checkpoint)
    assert read_checkpoint(folder, do_lower_case=True).architecture.activation == f"gelu_{gelu}"


def test_the_gelu_of_a_name_that_was_published_twice_is_asked_for(
    tmp_path: Path, tiny_checkpoint: Checkpoint
) -> None:
    folder = write_google(tmp_path / "uncased_L-12_H-768_A-12", tiny_checkpoint)
    with pytest.raises(ValueError, match=r"in 2018 \(gelu erf\) and in 2020 \(tanh\): give `gelu`"):
        read_checkpoint(folder)
    assert read_checkpoint(folder, gelu="erf").architecture.activation == "gelu_erf"


def test_a_damaged_checkpoint_is_refused(tmp_path: Path, tiny_checkpoint: Checkpoint) -> None:
    folder = write_google(tmp_path / "uncased", tiny_checkpoint)
    data = folder / "bert_model.ckpt.data-00000-of-00001"
    whole = data.read_bytes()
    data.write_bytes(bytes([whole[0] ^ 255]) + whole[1:])
    with pytest.raises(ValueError, match=r"uncased: .*bert_model\.ckpt.*checksum"):
        read_checkpoint(folder)
    data.write_bytes(whole)
    config = folder / "bert_config.json"
    for changes, message in (
        ({"hidden_act": "linear"}, r"bert_config\.json has hidden_act 'linear'; known are gelu, "),
        ({"hidden_size": 20}, r"shape \(24, 16\); the configuration says \(24, 20\)"),
        ({"num_hidden_layers": 3}, "the weights lack bert/encoder/layer_2/"),
    ):
        config.write_text(json.dumps(configuration(tiny_checkpoint, **changes)))
        with pytest.raises(ValueError, match=message):
            read_checkpoint(folder)
    config.write_text(json.dumps(configuration(tiny_checkpoint)))
    (folder / "vocab.txt").unlink()
    with pytest.raises(ValueError, match=r"cannot read .*vocab\.txt"):
        read_checkpoint(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda array: (array * 100).astype(np.int8), "has type int8, not float"),
        (lambda array: array * np.nan, "has values that are not finite"),
    ],
)
def test_implausible_weights_are_refused(
    folder: Path, tiny_checkpoint: Checkpoint, change: Callable, message: str
) -> None:
    arrays = hugging_face_arrays(tiny_checkpoint)
    save_file({name: change(array) for name, array in arrays.items()}, folder / "model.safetensors")
    with pytest.raises(ValueError, match=message):
        read_checkpoint(folder)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (configured(num_hidden_layers=1), "more layers than the configuration's 1"),
        (configured(num_attention_heads=0), "has num_attention_heads 0; it is a positive integer"),
        (configured(num_attention_heads=None), "has num_attention_heads None"),
        (configured(num_attention_heads=-4), "has num_attention_heads -4"),
        (configured(num_hidden_layers=-1), "has num_hidden_layers -1"),
        (configured(num_hidden_layers=10**15), "have 39 arrays, too few for 1000000000000000 lay"),
        (configured(hidden_size=16.0), "has hidden_size 16.0"),
        (configured(max_position_embeddings=True), "has max_position_embeddings True"),
        (configured(hidden_act=["gelu"]), "does not contain a usable BERT"),
        (configured(hidden_dropout_prob=1), "has hidden_dropout_prob 1; it is at least 0 and bel"),
        (configured(hidden_dropout_prob="0.1"), "has hidden_dropout_prob '0.1'"),
        (configured(layer_norm_eps=-1e-12), "has layer_norm_eps -1e-12"),
        (configured(layer_norm_eps=None), "has layer_norm_eps None"),
        (tokenizer('{"do_lower_case": "false"}'), "has do_lower_case 'false'"),
    ],
)
def test_implausible_settings_are_refused(
    folder: Path,
    tiny_checkpoint: Checkpoint,
    spoil: Callable[[Path, Checkpoint], None],
    message: str,
) -> None:
    spoil(folder, tiny_checkpoint)
    with pytest.raises(ValueError, match=message):
        read_checkpoint(folder)
