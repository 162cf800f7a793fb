import dataclasses
import functools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow.core.protobuf import saved_model_pb2

from tests.paths import DATA
from tests.transforms import wordpiece_oracle as oracle
from tests.transforms.parts import save_transform
from tests.transforms.wordpiece import rule_sets
from transforms.bert.module import BertModule
from transforms.bert.savedmodel_check import check_operations
from transforms.bert.vocabulary import Vocabulary
from transforms.bert.wordpiece_rules import HUGGING_FACE_MAX_WORD_CHARS, WordpieceRules
from transforms.checkpoints import minilm
from transforms.documents import hash_json
from transforms.wordpiece.assembly import truncated_lengths
from transforms.wordpiece.preprocessing import (
    LENGTH_QUANTILES,
    WordpieceConfig,
    model_inputs,
    transform_fingerprint,
)

VOCABULARY = Vocabulary.from_bytes((minilm.weights_folder() / "vocab.txt").read_bytes())
IDS = {token: id_ for id_, token in enumerate(VOCABULARY.tokens)}
CLS, SEP, UNK = IDS["[CLS]"], IDS["[SEP]"], IDS["[UNK]"]

UNCASED, CASED = WordpieceRules.of_casing(True), WordpieceRules.of_casing(False)


@functools.cache
def graph(config: WordpieceConfig) -> Callable[..., dict[str, list]]:
    signature = {name: tf.TensorSpec([None], tf.string) for name in config.texts}
    function = tf.function(model_inputs(config, VOCABULARY), input_signature=[signature])

    def call(*texts: list[str]) -> dict[str, list]:
        columns = zip(config.texts, texts, strict=True)
        inputs = function({name: tf.constant(column, tf.string) for name, column in columns})
        return {name: to_lists(value) for name, value in inputs.items()}

    return call


def to_lists(values: tf.Tensor | tf.RaggedTensor) -> list:
    return values.to_list() if isinstance(values, tf.RaggedTensor) else values.numpy().tolist()


def truncate_slowly(a: list, b: list, room: int) -> None:
    """Take from the longer, and from the second where both are alike, until they fit."""
    while len(a) + len(b) > room:
        (a if len(a) > len(b) else b).pop()


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1), st.integers(5, 40))
def test_pairs_give_up_their_longest_text_first(pairs: list[tuple[int, int]], longest: int) -> None:
    a, b = (tf.constant(column, tf.int64) for column in zip(*pairs, strict=True))
    kept = np.stack(
        [counts.numpy() for counts in truncated_lengths([a, b], longest)], axis=1
    ).tolist()
    for (length_a, length_b), counts in zip(pairs, kept, strict=True):
        first, second = list(range(length_a)), list(range(length_b))
        truncate_slowly(first, second, longest - (3 if length_b else 2))
        assert counts == [len(first), len(second)]


words = st.sampled_from(["the", "cat", "unaffable", "猫", "!", "İstanbul", "Straße", "⚗"])
texts = st.lists(words, max_size=8).map(" ".join)
LONGEST = 9
SHAPES = {
    "single": WordpieceConfig(LONGEST, UNCASED),
    "whole": WordpieceConfig(None, UNCASED),
    "pair": WordpieceConfig(LONGEST, UNCASED, pairs=True, keep_tokens=True),
    "line": WordpieceConfig(LONGEST, UNCASED, pairs=True, keep_tokens=True, separator_bytes=3),
}


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(st.lists(texts, min_size=1, max_size=5), st.sampled_from(["single", "whole"]))
def test_a_text_stands_between_special_tokens(batch: list[str], shape: str) -> None:
    inputs = graph(SHAPES[shape])(batch)
    for row, text in enumerate(batch):
        ids = oracle.tokenize(text, IDS, UNCASED)
        kept = ids[: LONGEST - 2] if shape == "single" else ids
        assert inputs["input_ids"][row] == [CLS, *kept, SEP]
        assert inputs["segment_ids"][row] == [0] * (len(kept) + 2)
        assert inputs["num_wordpieces"][row] == len(ids)
        assert inputs["num_unknown"][row] == ids.count(UNK)
        assert inputs["truncated"][row] == (len(kept) < len(ids))
    assert "tokens" not in inputs


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5))
def test_pairs_have_two_segments_and_one_length(batch: list[tuple[str, str]]) -> None:
    inputs = graph(SHAPES["pair"])(*map(list, zip(*batch, strict=True)))
    for row, pair in enumerate(batch):
        a, b = (oracle.tokenize(text, IDS, UNCASED) for text in pair)
        whole = [*a, *b]
        truncate_slowly(a, b, LONGEST - (3 if b else 2))
        ids = [CLS, *a, SEP, *b, SEP] if b else [CLS, *a, SEP]
        assert inputs["input_ids"][row] == ids
        assert inputs["segment_ids"][row] == [0] * (len(a) + 2) + [1] * (len(b) + bool(b))
        assert inputs["num_wordpieces"][row] == len(whole)
        assert inputs["num_unknown"][row] == whole.count(UNK)
        assert inputs["truncated"][row] == (len(a) + len(b) < len(whole))
        tokens = [token.decode() for token in inputs["tokens"][row]]
        assert tokens == [VOCABULARY.tokens[id_] for id_ in ids]


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=4))
def test_offsets_of_a_pair_are_of_each_text_or_of_the_line(batch: list[tuple[str, str]]) -> None:
    columns = [list(column) for column in zip(*batch, strict=True)]
    of_pair, of_line = graph(SHAPES["pair"])(*columns), graph(SHAPES["line"])(*columns)
    for row, (a, b) in enumerate(batch):
        documents = (a.encode(), b.encode())
        line = "|||".join((a, b)).encode()
        ids, segments = of_pair["input_ids"][row], of_pair["segment_ids"][row]
        ranges = np.reshape(of_pair["offsets"][row], [-1, 2])
        in_line = np.reshape(of_line["offsets"][row], [-1, 2])
        for id_, segment, (start, end), (line_start, line_end) in zip(
            ids, segments, ranges, in_line, strict=True
        ):
            if id_ in (CLS, SEP):
                assert (start, end, line_start, line_end) == (0, 0, 0, 0)
            else:
                assert documents[segment][start:end] == line[line_start:line_end] != b""


@pytest.mark.slow
def test_kept_special_tokens_are_wordpieces_like_others() -> None:
    """They change no segment, are cut and counted with the rest, and [UNK] counts as unknown."""
    rules = UNCASED.with_special_tokens(VOCABULARY)
    config = WordpieceConfig(7, rules, pairs=True, keep_tokens=True, separator_bytes=3)
    first, second = (
        ["a[SEP]b", "[CLS]", "the [MASK] cat"],
        ["[UNK] é[SEP]", "", "[PAD] the cat ran"],
    )
    inputs = graph(config)(first, second)
    tokens = [[token.decode() for token in row] for row in inputs["tokens"]]
    assert tokens == [
        ["[CLS]", "a", "[SEP]", "[SEP]", "[UNK]", "e", "[SEP]"],
        ["[CLS]", "[CLS]", "[SEP]"],
        ["[CLS]", "the", "[MASK]", "[SEP]", "[PAD]", "the", "[SEP]"],
    ]
    assert inputs["segment_ids"] == [[0, 0, 0, 0, 1, 1, 1], [0, 0, 0], [0, 0, 0, 0, 1, 1, 1]]
    assert inputs["num_wordpieces"] == [6, 1, 7]
    assert inputs["num_unknown"] == [1, 0, 0]
    assert inputs["truncated"] == [1, 0, 1]
    lines = [f"{a}|||{b}".encode() for a, b in zip(first, second, strict=True)]
    cut = [
        [line[start:end].decode() for start, end in np.reshape(offsets, [-1, 2])]
        for line, offsets in zip(lines, inputs["offsets"], strict=True)
    ]
    assert cut == [
        ["", "a", "[SEP]", "", "[UNK]", "é", ""],
        ["", "[CLS]", ""],
        ["", "the", "[MASK]", "", "[PAD]", "the", ""],
    ]


@pytest.mark.slow
def test_the_golden_texts_have_the_golden_ids() -> None:
    golden = np.load(DATA / "minilm_golden.npz", allow_pickle=False)
    batch = json.loads((DATA / "minilm_texts.json").read_text("utf-8"))
    rules = dataclasses.replace(UNCASED, max_word_chars=HUGGING_FACE_MAX_WORD_CHARS)
    rows = graph(WordpieceConfig(128, rules))(batch)["input_ids"]
    assert np.cumsum([0, *map(len, rows)]).tolist() == golden["offsets"].tolist()
    assert [id_ for row in rows for id_ in row] == golden["input_ids"].tolist()


@pytest.fixture(scope="module")
def transform(
    tiny_module: BertModule, tmp_path_factory: pytest.TempPathFactory
) -> tft.TFTransformOutput:
    """Learned from texts of 1 to 100 wordpieces, cut to 64 positions."""
    return learn(tmp_path_factory.mktemp("transform"), tiny_module.vocabulary, UNCASED)


def learn(folder: Path, vocabulary: Vocabulary, rules: WordpieceRules) -> tft.TFTransformOutput:
    corpus = ["the " * n for n in range(1, 101)]
    save_transform(folder, vocabulary, corpus, rules=rules, max_seq_length=64, keep_tokens=True)
    return tft.TFTransformOutput(str(folder))


@pytest.mark.slow
def test_a_saved_transform_gives_the_same_as_the_function(
    transform: tft.TFTransformOutput, tiny_module: BertModule
) -> None:
    assert_same_as_function(transform, tiny_module.vocabulary, UNCASED)


@pytest.mark.slow
def test_a_saved_transform_has_all_rules(tmp_path: Path) -> None:
    rules = rule_sets.ALL_RULES["all"]
    saved = learn(tmp_path, rule_sets.EXTENDED, rules)
    # Such a transform runs only if its operations are allowed.
    content = (tmp_path / "transform_fn/saved_model.pb").read_bytes()
    check_operations(saved_model_pb2.SavedModel.FromString(content), tmp_path)
    assert_same_as_function(saved, rule_sets.EXTENDED, rules)


def assert_same_as_function(
    transform: tft.TFTransformOutput, vocabulary: Vocabulary, rules: WordpieceRules
) -> None:
    lines = (DATA / "scripts.jsonl").read_text("utf-8").split("\n")
    batch = [json.loads(line)["text"] for line in lines if line]
    batch += ["", " \u200b", "The cats ran, unable.", "dog " * 70, "[MASK]ed <url>, Ünïted 東京x"]
    texts = {"text": tf.constant(batch)}
    applied = transform.transform_raw_features(texts)
    config = WordpieceConfig(64, rules, keep_tokens=True)
    expected = model_inputs(config, vocabulary)(texts)
    assert set(applied) == {*expected, LENGTH_QUANTILES}
    assert {name: to_lists(applied[name]) for name in expected} == {
        name: to_lists(value) for name, value in expected.items()
    }


@pytest.mark.slow
def test_a_saved_transform_knows_the_quantiles_of_the_lengths_it_learned(
    transform: tft.TFTransformOutput,
) -> None:
    applied = transform.transform_raw_features({"text": tf.constant(["The cat sat", "unable"])})
    assert applied["input_ids"].to_list() == [[2, 5, 6, 7, 3], [2, 13, 14, 3]]
    learned = applied[LENGTH_QUANTILES].numpy()
    assert learned.shape == (2, 19)
    lengths = np.minimum(np.arange(3, 103), 64)
    expected = np.quantile(lengths, np.arange(1, 20) / 20)
    np.testing.assert_allclose(learned, [expected, expected], atol=1)


def test_the_fingerprint_knows_every_ingredient(tiny_module: BertModule) -> None:
    base = (WordpieceConfig(8, UNCASED), VOCABULARY)
    other_rules = [
        dataclasses.replace(UNCASED, do_lower_case=False),
        dataclasses.replace(UNCASED, strip_accents=False),
        dataclasses.replace(UNCASED, split_chinese=False),
        dataclasses.replace(UNCASED, max_word_chars=100),
        dataclasses.replace(UNCASED, added_tokens=("<url>",)),
        dataclasses.replace(UNCASED, normalized_tokens=("<url>",)),
        UNCASED.with_special_tokens(VOCABULARY),
    ]
    others = [
        (WordpieceConfig(9, UNCASED), VOCABULARY),
        (WordpieceConfig(None, UNCASED), VOCABULARY),
        (WordpieceConfig(8, CASED), VOCABULARY),
        (WordpieceConfig(8, UNCASED, pairs=True), VOCABULARY),
        (WordpieceConfig(8, UNCASED, keep_tokens=True), VOCABULARY),
        (WordpieceConfig(8, UNCASED, separator_bytes=3), VOCABULARY),
        (WordpieceConfig(8, UNCASED), tiny_module.vocabulary),
        *((WordpieceConfig(8, rules), VOCABULARY) for rules in other_rules),
    ]
    assert len({transform_fingerprint(*each) for each in [base, *others]}) == 15


@pytest.mark.parametrize("rules", [UNCASED, CASED])
def test_jobs_of_older_versions_keep_their_fingerprint(rules: WordpieceRules) -> None:
    settings = {
        "max_seq_length": 8,
        "do_lower_case": rules.do_lower_case,
        "pairs": False,
        "keep_tokens": False,
        "separator_bytes": None,
    }
    expected = hash_json([1, settings, VOCABULARY.sha256])
    assert transform_fingerprint(WordpieceConfig(8, rules), VOCABULARY) == expected


def test_a_length_without_room_for_a_wordpiece_is_refused() -> None:
    with pytest.raises(ValueError, match="`max_seq_length` is 4"):
        WordpieceConfig(4, pairs=True)
    assert WordpieceConfig(4).max_seq_length == 4
