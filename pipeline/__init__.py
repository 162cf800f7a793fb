"""The code that runs at launch: commands, plan, job, manifest.

    from pipeline import embed, load_embeddings

Names are imported on first use: the package itself imports neither Beam nor TensorFlow.
"""

from typing import TYPE_CHECKING, Any

# It checks that `transforms` is the package that was installed with this one.
import beam_bert  # noqa: F401

if TYPE_CHECKING:
    from pipeline.api import EmbedResult, EmbedSettings, embed
    from pipeline.errors import JobError, UsageError
    from pipeline.reader import Embeddings, TokenEmbeddings, iterate_sequences, load_embeddings

__all__ = [
    "EmbedResult",
    "EmbedSettings",
    "Embeddings",
    "JobError",
    "TokenEmbeddings",
    "UsageError",
    "embed",
    "iterate_sequences",
    "load_embeddings",
]

_PLACES = {
    **dict.fromkeys(("EmbedResult", "EmbedSettings", "embed"), "pipeline.api"),
    **dict.fromkeys(("JobError", "UsageError"), "pipeline.errors"),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_PLACES.get(name, "pipeline.reader")), name)
