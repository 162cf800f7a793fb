import dataclasses
import itertools
from pathlib import Path

import pytest

from tests import written_modules
from tests.conftest import make_checkpoint
from transforms.bert import module
from transforms.bert.architecture import ACTIVATIONS, Architecture
from transforms.bert.candidates import Candidate, candidates, ordered_candidates
from transforms.bert.graph_evidence import GraphEvidence
from transforms.bert.kept_settings import KeptSettings
from transforms.bert.module import BertModule

EVIDENCE = GraphEvidence(("relu", "gelu_erf", "tanh", "gelu_tanh", "swish"), (0.003,))


def test_the_likeliest_is_first_and_the_place_of_norms_is_second() -> None:
    first, second, *_ = ordered_candidates({12: 0, 6: 1}, EVIDENCE)
    assert first == Candidate(Architecture("relu", 0.003), 12)
    assert second in (
        Candidate(Architecture("relu", 0.003, norm_first=True), 12),
        Candidate(Architecture("relu", 0.003), 6),
    )


@pytest.mark.parametrize("shown", [3, None])
def test_what_is_tried_is_bounded_and_has_all_activations(
    shown: int | None, tiny_module: BertModule
) -> None:
    size = 768
    shape = dataclasses.replace(
        tiny_module.shape, hidden_size=size, embedding_size=size, heads=shown
    )
    of_other_origin = dataclasses.replace(tiny_module, shape=shape, kept=KeptSettings())
    tried = candidates(of_other_origin)
    assert len(set(tried)) == len(tried) == 64
    assert {candidate.architecture.activation for candidate in tried} == set(ACTIVATIONS)
    assert tried[0].heads == (shown or 12)
    likely = [candidate.heads for candidate in tried if candidate.architecture == Architecture()]
    assert set(likely) >= {3, 6, 8, 12, 16, 24, 48}
    if shown:
        of_shown = {candidate.architecture for candidate in tried if candidate.heads == shown}
        epsilon = tried[0].architecture.layer_norm_eps
        assert of_shown == {
            Architecture(activation, epsilon, norm_first)
            for activation, norm_first in itertools.product(ACTIVATIONS, (False, True))
        }


@pytest.mark.slow
def test_kept_settings_are_certain(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(activation="swish", norm_first=True, sizes={"heads": 16})
    written_modules.write(checkpoint, tmp_path / "module")
    kept = [Candidate(checkpoint.architecture, 16)]
    assert candidates(module.inspect(tmp_path / "module")) == kept
