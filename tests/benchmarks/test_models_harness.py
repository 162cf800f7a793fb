"""The parts of `benchmarks.models` that need no other program."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.models import cases, comparing, environments, expected, names, seeded, tables, texts
from benchmarks.models.comparing import Comparison
from transforms.bert.shape import variable_shapes


def test_weights_depend_on_their_names_only() -> None:
    # Golden vectors are computed with these numbers.
    first = seeded.uniform("bert/pooler/dense/bias", 3)
    np.testing.assert_array_equal(
        first, [-0.11381081370751955, -0.6144039140671336, 0.35883459528487016]
    )
    assert (seeded.uniform("bert/pooler/dense/bias", 2) == first[:2]).all()
    assert (seeded.uniform("bert/pooler/dense/kernel", 3) != first).all()


def test_weights_are_spread_evenly() -> None:
    drawn = seeded.uniform("any", 100_000)
    assert drawn.min() >= -1
    assert drawn.max() < 1
    counts, _ = np.histogram(drawn, 10, (-1, 1))
    assert counts.min() > 9_600


def test_cases_have_different_names_and_known_writers() -> None:
    of_cases = [case.name for case in cases.CASES]
    assert len(set(of_cases)) == len(of_cases)
    for case in cases.CASES:
        assert cases.ENVIRONMENT_OF[case.writer] in environments.ENVIRONMENTS
        assert case.shape(100).vocab_size == 100


def test_no_two_variables_have_one_name_in_another_program() -> None:
    shape = cases.CASES[0].shape(100)
    for rename in (names.to_hugging_face, names.to_garden):
        renamed = {rename(name) for name in variable_shapes(shape)}
        assert len(renamed) == len(variable_shapes(shape))
    with pytest.raises(ValueError, match="not a variable"):
        names.to_garden("cls/predictions/output_bias")


def test_expected_vectors_are_read_as_written(tmp_path: Path) -> None:
    rows = [np.arange(3, dtype=np.int32), np.arange(1, dtype=np.int32)]
    tokens = [np.full([len(row), 2], 0.5, np.float32) for row in rows]
    written = expected.Expected(rows, rows, tokens, pooled=np.ones([2, 2], np.float32), texts=1)
    expected.write(written, tmp_path)
    read = expected.read(tmp_path)
    assert [list(row) for row in read.input_ids] == [[0, 1, 2], [0]]
    assert [each.shape for each in read.tokens] == [(3, 2), (1, 2)]
    assert read.sentence is None
    assert read.pooled is not None
    assert read.texts == 1


def test_a_vocabulary_has_every_token_once_and_not_every_letter() -> None:
    vocabulary = texts.vocabulary("<url>")
    assert vocabulary[-1] == "<url>"
    assert len(set(vocabulary)) == len(vocabulary)
    letters = {letter for text in texts.TEXTS for letter in text if letter.isalpha()}
    assert 0 < len(letters - set(vocabulary)) < len(letters) / 4


@pytest.mark.parametrize("other", [np.ones([2, 3]), np.full([2, 2], np.nan), None])
def test_vectors_of_another_shape_and_nan_differ_infinitely(other: np.ndarray | None) -> None:
    wanted = np.ones([2, 2])
    assert comparing._difference(other, wanted) == np.inf
    assert comparing._difference(wanted + 0.25, wanted) == 0.25
    assert comparing._difference(wanted, None) is None


def test_the_table_has_what_is_loaded_and_the_list_what_is_refused() -> None:
    loaded = Comparison(computed="rebuilt", pooled=2e-7, tokens=0.0, cosine=0.99995, ids=3)
    refused = Comparison(refused="config.json has model_type 'roberta'")
    text = tables.markdown(cases.CASES[:2], [loaded, refused])
    first, second = (case.label for case in cases.CASES[:2])
    assert f"| {first} | rebuilt | 2e-07 | 0e+00 |  | 0.99995 | 3 |" in text
    assert f"- {second}: config.json has model_type 'roberta'" in text
    assert loaded.largest == 2e-7
