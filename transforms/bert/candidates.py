"""The settings with which a module's variables may have been trained, likeliest first.

Variables do not show them: models that differ in their activation, the place and the epsilon of
their norms, or the number of their heads have the same variables.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from transforms.bert.architecture import Architecture
from transforms.bert.graph_evidence import GraphEvidence, read_evidence
from transforms.bert.meta_graph import choose_graph, read_saved_model
from transforms.bert.module import BertModule

# Trying takes a tenth of a second for a BERT-base on two cores.
_MOST_TRIED = 64
# The size of a head in most published models.
_USUAL_HEAD = 64
# How much less likely the next value of a setting is. The graph shows the activation, the epsilon
# and, if at all, the heads; it does not show where the norms are.
_STEP_OF_GRAPH = 3


class Candidate(NamedTuple):
    """Settings to try."""

    architecture: Architecture
    heads: int


def candidates(module: BertModule) -> Sequence[Candidate]:
    """Return the settings to try for a module.

    Raises:
        ValueError: the module is damaged.
        OSError: it cannot be read.
    """
    heads = _likely_heads(module)
    if module.kept.architecture is not None:
        return [Candidate(module.kept.architecture, count) for count in heads]
    graph = choose_graph(read_saved_model(module.path), module.path).meta_graph
    return ordered_candidates(heads, read_evidence(graph))


def ordered_candidates(heads: Mapping[int, int], evidence: GraphEvidence) -> list[Candidate]:
    """Combine the values of all settings, the likeliest combinations first.

    Args:
        heads: numbers of heads, and how unlikely each is: 0 for the likeliest.
        evidence: the other settings.
    """
    combined = itertools.product(
        heads.items(),
        enumerate(evidence.activations),
        enumerate(evidence.epsilons),
        (False, True),
    )
    ranked = [
        (
            of_heads + norm_first + _STEP_OF_GRAPH * (of_activation + of_epsilon),
            Candidate(Architecture(activation, epsilon, norm_first), count),
        )
        for (count, of_heads), (of_activation, activation), (of_epsilon, epsilon), norm_first in (
            combined
        )
    ]
    ranked.sort(key=lambda pair: pair[0])
    return [candidate for _, candidate in ranked[:_MOST_TRIED]]


def _likely_heads(module: BertModule) -> dict[int, int]:
    """Return the possible numbers of heads, likeliest first, and how unlikely each is.

    They divide the hidden size. Those that the module keeps are certain, those that its graph shows
    likely.
    """
    if module.kept.heads is not None:
        return {module.kept.heads: 0}
    size, shown = module.shape.hidden_size, module.shape.heads
    divisors = [number for number in range(1, size + 1) if size % number == 0 and number != shown]
    divisors.sort(key=lambda number: _unusual(size // number))
    others = {number: rank for rank, number in enumerate(divisors)}
    if shown is None:
        return others
    return {shown: 0} | {number: _STEP_OF_GRAPH + 1 + rank for number, rank in others.items()}


def _unusual(head_size: int) -> float:
    return abs(math.log2(head_size / _USUAL_HEAD))
