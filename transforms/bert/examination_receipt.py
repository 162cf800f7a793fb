"""An examination as bytes, so that a machine examines a module once.

The outputs of the module's graph are part of it: each engine is compared with them when it is
loaded, as after an examination.
"""

import dataclasses
import io
from collections.abc import Mapping

import msgspec
import numpy as np

from transforms.bert.architecture import Architecture
from transforms.bert.module import BertModule
from transforms.bert.output_spec import Encoded
from transforms.bert.rebuilding import Probe
from transforms.caching import entry_names, start_cache
from transforms.machine import processor

_INPUTS = ("input_ids", "input_mask", "segment_ids")
_PROBES = ("short", "long")
_SETTINGS = "settings"


@dataclasses.dataclass(frozen=True)
class ExaminationReceipt:
    """The result of an examination.

    Attributes:
        reason: why the encoder cannot be rebuilt; empty if it can.
        architecture: how the encoder computes, if it can be rebuilt.
        heads: attention heads of a layer, if it can be rebuilt.
    """

    reason: str = ""
    architecture: Architecture | None = None
    heads: int | None = None


def entry_of(module: BertModule) -> str:
    """Return the name of a module's entry in the cache, on this kind of processor."""
    return entry_names.name_entry("examination", module.fingerprint, processor.instructions())


def load_receipt(module: BertModule) -> tuple[ExaminationReceipt, Probe] | None:
    """Return what an earlier examination on this machine has found; None if there is none."""
    content = start_cache.load(entry_of(module))
    return None if content is None else from_bytes(content)


def store_receipt(module: BertModule, receipt: ExaminationReceipt, probe: Probe) -> None:
    """Keep what an examination has found."""
    start_cache.store(entry_of(module), to_bytes(receipt, probe))


def to_bytes(receipt: ExaminationReceipt, probe: Probe) -> bytes:
    """Encode a receipt and its probe; see `from_bytes`."""
    arrays = {_SETTINGS: np.frombuffer(msgspec.json.encode(receipt), np.uint8)}
    for kind, each in zip(_PROBES, (probe, probe.long), strict=True):
        if each is not None:
            named = dict(zip(_INPUTS, each.inputs, strict=True)) | each.expected._asdict()
            arrays |= {f"{kind}.{name}": x for name, x in named.items() if x is not None}
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def from_bytes(content: bytes) -> tuple[ExaminationReceipt, Probe]:
    """Decode what `to_bytes` returned."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        receipt = msgspec.json.decode(arrays[_SETTINGS].tobytes(), type=ExaminationReceipt)
        probe, *long = (
            _probe(arrays, kind) for kind in _PROBES if f"{kind}.{_INPUTS[0]}" in arrays
        )
    return receipt, dataclasses.replace(probe, long=long[0] if long else None)


def _probe(arrays: Mapping[str, np.ndarray], kind: str) -> Probe:
    ids, mask, segments = (arrays[f"{kind}.{name}"] for name in _INPUTS)
    expected = Encoded(*(arrays.get(f"{kind}.{name}") for name in Encoded._fields))
    return Probe((ids, mask, segments), expected)
