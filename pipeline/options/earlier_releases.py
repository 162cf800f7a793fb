"""Commands of earlier releases, which had other defaults."""

from collections.abc import Mapping, Sequence
from typing import Any

from transforms.bert.compute import ENGINES, default_length_group
from transforms.features import DOCUMENT_FEATURES, ONLY_POOLED

_FEATURES, _KEEP_FIELDS, _KEEP_FIELDS_IN = "--features", "--keep_fields", "--keep_fields_in"
_ENGINE, _LENGTH_GROUP = "--engine", "--length_group"


def with_former_defaults(command: Sequence[str], stored: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a command that continues its job in this release too.

    Args:
        command: the command in run.json.
        stored: the configuration in run.json.

    >>> command = ("beam-bert", "embed", "--input", "a.txt")
    >>> with_former_defaults(command, {"--features": ["cls", "mean"]})
    ('beam-bert', 'embed', '--features', 'cls,mean', '--input', 'a.txt')
    """
    features = stored.get(_FEATURES)
    if not isinstance(features, list):
        return tuple(command)
    features = list(map(str, features))
    former = {_FEATURES: ",".join(features)}
    has_tokens = not set(features) <= set(DOCUMENT_FEATURES)
    if has_tokens and stored.get(_KEEP_FIELDS) and _KEEP_FIELDS_IN not in stored:
        former[_KEEP_FIELDS_IN] = ONLY_POOLED
    if _has_groups_now(stored.get(_ENGINE)) and _LENGTH_GROUP not in stored:
        former[_LENGTH_GROUP] = "0"
    left_out = [word for flag in former if flag not in command for word in (flag, former[flag])]
    return (*command[:2], *left_out, *command[2:])


def _has_groups_now(engine: Any) -> bool:
    return engine in ENGINES and default_length_group(engine) > 0
