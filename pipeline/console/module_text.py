"""Describe a module, for people and for programs."""

import dataclasses
from typing import Any

from transforms.bert import engines
from transforms.bert.compute import TENSORFLOW
from transforms.bert.examination import Examination
from transforms.bert.graph_precision import precisions_of_graph
from transforms.bert.module import BertModule
from transforms.bert.sentence_settings import NORMALIZE, SentenceStep
from transforms.features import FLOAT32


def facts_of(examination: Examination) -> dict[str, Any]:
    """Return the facts about a module by their names."""
    module, architecture = examination.module, examination.module.kept.architecture
    rebuilt = architecture if architecture and not examination.reason else None
    return {
        "path": str(module.path),
        "format": module.format,
        "fingerprint": module.fingerprint,
        "tags": [list(tags) for tags in module.tags],
        "signatures": list(module.signatures),
        **dataclasses.asdict(module.shape),
        "positions": module.positions,
        "do_lower_case": module.rules.do_lower_case,
        "vocabulary": module.vocabulary.sha256,
        "sentence": module.sentence and dataclasses.asdict(module.sentence.settings),
        **({"no_sentence": module.kept.no_sentence} if module.kept.no_sentence else {}),
        "features": list(examination.features),
        "encoder": dataclasses.asdict(rebuilt) if rebuilt else None,
        "not_rebuilt": examination.reason or None,
        "graph_computes_in": list(precisions_of_graph(module)) if examination.reason else None,
        "engines": _engines(examination),
    }


def _engines(examination: Examination) -> dict[str, list[str]]:
    """Return the precisions of each engine that computes with the module."""
    if examination.reason:
        return {TENSORFLOW: [FLOAT32]}
    return {name: list(engines.find(name).precisions) for name in engines.names()}


def to_text(examination: Examination) -> str:
    """Return the facts about a module, one in each line."""
    facts = facts_of(examination)
    types = facts["graph_computes_in"] or [FLOAT32]
    facts |= {
        "tags": " ".join("{" + ", ".join(tags) + "}" for tags in facts["tags"]),
        "signatures": ", ".join(facts["signatures"]),
        **_sentence(examination.module),
        "features": ", ".join(facts["features"]),
        "encoder": _encoder(facts["encoder"], facts.pop("not_rebuilt")),
        "graph_computes_in": ", ".join(types),
        "engines": ", ".join(
            f"{name} ({', '.join(precisions)})" for name, precisions in facts["engines"].items()
        ),
    }
    facts.pop("no_sentence", None)
    if types == [FLOAT32]:
        facts.pop("graph_computes_in")
    return "\n".join(f"{name:<17}  {value}" for name, value in facts.items())


def _sentence(module: BertModule) -> dict[str, object]:
    """Describe how the vector of a sentence is computed, for people."""
    if module.sentence is None:
        return {"sentence": f"none: {module.kept.no_sentence or 'the module does not say'}"}
    settings = module.sentence.settings
    steps = (_step(step) for step in settings.steps)
    described: dict[str, object] = {
        "sentence": ", then ".join([" + ".join(settings.poolings), *steps]),
        "max_seq_length": settings.max_seq_length or "unknown",
    }
    for name, prompt in settings.prompts.items():
        default = ", the default" if name == settings.default_prompt else ""
        described[f"prompt {name}"] = f"{prompt!r}{default}"
    return described


def _step(step: SentenceStep) -> str:
    if step.kind == NORMALIZE:
        return NORMALIZE
    return f"{step.kind} to {step.width} ({step.activation})"


def _encoder(found: dict[str, Any] | None, reason: str | None) -> str:
    if found is None:
        return f"the module's graph is run: {reason}"
    place = "before" if found["norm_first"] else "after"
    epsilon = f"epsilon {found['layer_norm_eps']:g}"
    return f"rebuilt: {found['activation']}, norms {place} the sums, {epsilon}"
