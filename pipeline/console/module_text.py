"""Describe a module, for people and for programs."""

import dataclasses
import json

from transforms.bert.module import BertModule


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
    }


def to_json(module: BertModule) -> str:
    """Return the facts about a module as JSON."""
    return json.dumps(_facts(module), indent=1)


def to_text(module: BertModule) -> str:
    """Return the facts about a module, one in each line."""
    facts = _facts(module) | {
        "tags": " ".join("{" + ", ".join(tags) + "}" for tags in module.tags),
        "signatures": ", ".join(module.signatures),
    }
    return "\n".join(f"{name:<17}  {value}" for name, value in facts.items())
