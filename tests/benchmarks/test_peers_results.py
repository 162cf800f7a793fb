import dataclasses

import numpy as np
import pytest

from benchmarks.peers.contenders import CONTENDERS, OURS_BFLOAT16, OURS_FLOAT32, Contender
from benchmarks.peers.results import Likeness, Row, Run, kept_neighbors, rows, smallest_cosine
from benchmarks.spread import Spread

OURS = Contender(OURS_FLOAT32, "ours", "module", "float32")
SAME = Likeness(1.0, 1.0)
OTHER = Contender("other", "another", "module", "float32", model="torch", documents=10)


def run(seconds: float, wordpieces: int = 1000) -> Run:
    return Run(10, wordpieces, seconds, startup=seconds + 1, peak_mb=100 * seconds)


def of_three_rounds() -> list[Row]:
    # Our job embeds twice the wordpieces of the other one, which gets fewer documents.
    rounds = [
        {OURS_FLOAT32: run(ours, 2000), "other": run(other)}
        for ours, other in ((2.0, 4.0), (1.0, 5.0), (4.0, 4.0))
    ]
    return rows([OURS, OTHER], rounds, {OURS_FLOAT32: SAME, "other": Likeness(0.9995, 0.99)})


def test_rates_count_the_wordpieces_of_each_contender() -> None:
    ours, other = of_three_rounds()
    assert ours.wordpieces_per_second == Spread(1000.0, 500.0, 2000.0)
    assert other.wordpieces_per_second == Spread(250.0, 200.0, 250.0)
    assert other.documents_per_second == Spread(2.5, 2.0, 2.5)


def test_ratios_are_computed_within_a_round() -> None:
    ours, other = of_three_rounds()
    assert ours.times_float32 == Spread(1.0, 1.0, 1.0)
    # 1000 / 250, 2000 / 200 and 500 / 250.
    assert other.times_float32 == Spread(4.0, 2.0, 10.0)


def test_there_is_no_ratio_without_our_run() -> None:
    assert [row.times_bfloat16 for row in of_three_rounds()] == [None, None]


def test_startup_and_memory_have_ranges() -> None:
    ours, _ = of_three_rounds()
    assert ours.startup == Spread(3.0, 2.0, 5.0)
    assert ours.peak_mb == Spread(200.0, 100.0, 400.0)


def test_the_smallest_cosine_is_of_the_worst_document_for_any_lengths_of_vectors() -> None:
    vectors = np.array([[1.0, 0.0], [0.0, 2.0]], np.float32)
    assert smallest_cosine(vectors, 3 * vectors) == pytest.approx(1)
    assert smallest_cosine(vectors, np.array([[1.0, 0.0], [1.0, 1.0]])) == pytest.approx(0.5**0.5)


def test_the_cosine_of_vectors_that_are_not_finite_passes_no_limit() -> None:
    assert not smallest_cosine(np.array([[1.0, np.nan]]), np.ones([1, 2])) > 0


def test_neighbors_are_counted_for_each_document() -> None:
    # 40 documents on a line: the nearest of each are those beside it.
    line = np.stack([np.ones(40), np.linspace(0.0, 1.0, 40)], 1)
    assert kept_neighbors(line, 3 * line) == 1.0
    # An exchange of two far documents changes their own neighbors, and those near them.
    exchanged = line.copy()
    exchanged[[0, 39]] = line[[39, 0]]
    assert 0.5 < kept_neighbors(exchanged, line) < 1.0
    # With unlike vectors, chance keeps some 10 of 39.
    others = np.random.default_rng(0).normal(size=[40, 8])
    assert 0.1 < kept_neighbors(others, line) < 0.5


def test_contenders_have_different_names_and_include_ours() -> None:
    names = [contender.name for contender in CONTENDERS]
    assert len(set(names)) == len(names)
    assert {OURS_FLOAT32, OURS_BFLOAT16} <= set(names)
    assert not any(each.is_peer for each in CONTENDERS if each.name.startswith("job"))
    assert dataclasses.replace(OURS, model="torch").is_peer
