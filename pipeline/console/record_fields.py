"""The fields of a record, for programs: vectors whole, and texts as text."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from transforms import features
from transforms.documents import ID
from transforms.features import DOCUMENT_FEATURES, TOKEN_FEATURES


def of_record(family: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a record by their names in JSON.

    Args:
        family: of the record.
        record: as `reader.iterate_records` yields it.

    Returns:
        the account of the document; `vectors`: [width] for a document, [tokens, width] for tokens;
        the input of the model, where the record has it; and `fields`, the lists of kept values.
    """
    tokens = int(record[features.NUM_TOKENS][0])
    account = {name: int(record[name][0]) for name in features.ACCOUNT}
    truncated = {features.TRUNCATED: bool(account[features.TRUNCATED])}
    vectors, inputs, kept = {}, {}, {}
    for name, value in record.items():
        if name in DOCUMENT_FEATURES:
            vectors[name] = value
        elif name in TOKEN_FEATURES:
            vectors[name] = np.reshape(value, [tokens, -1])
        elif name in (features.INPUT_IDS, features.SEGMENT_IDS, features.FIELDS_OF_TOKENS):
            inputs[name] = value
        elif name == features.TOKENS:
            inputs[name] = [_text(token) for token in value]
        elif name == features.OFFSETS:
            inputs[name] = np.reshape(value, [-1, 2])
        elif name not in (ID, *features.ACCOUNT):
            kept[name] = [_text(one) if isinstance(one, bytes) else one for one in value]
    id_ = _text(record[ID][0])
    return {"family": family, "id": id_, **account, **truncated, "vectors": vectors} | {
        **inputs,
        "fields": kept,
    }


def _text(value: bytes) -> str | dict[str, str]:
    """Return UTF-8 as text, other bytes as `{"base64": ...}`."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}
