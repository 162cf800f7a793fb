"""Describe a module, for people and for programs."""

import dataclasses
import json

from transforms.bert.module import BertModule
from transforms.bert.sentence_settings import NORMALIZE, SentenceStep


def _facts(module: BertModule) -> dict[str, object]:
    return {
        "path": str(module.path),
        "format": module.format,
        "fingerprint": module.fingerprint,
        "tags": [list(tags) for tags in module.tags],
        "signatures": list(module.signatures),
        **dataclasses.asdict(module.shape),
        "do_lower_case": module.rules.do_lower_case,
        "vocabulary": module.vocabulary.sha256,
        "sentence": module.sentence and dataclasses.asdict(module.sentence.settings),
        **({"no_sentence": module.kept.no_sentence} if module.kept.no_sentence else {}),
    }


def to_json(module: BertModule) -> str:
    """Return the facts about a module as JSON."""
    return json.dumps(_facts(module), indent=1)


def to_text(module: BertModule) -> str:
    """Return the facts about a module, one in each line."""
    facts = _facts(module) | {
        "tags": " ".join("{" + ", ".join(tags) + "}" for tags in module.tags),
        "signatures": ", ".join(module.signatures),
        **_sentence(module),
    }
    facts.pop("no_sentence", None)
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
