"""One embedder of texts a process, whatever steps of whatever pipelines want it."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from transforms import encode, metrics
from transforms.bert.engines import Engine
from transforms.counting import report_counts
from transforms.elements.text_config import TextConfig
from transforms.elements.text_embedder import Embedded, TextEmbedder
from transforms.encode import EncodeConfig, LoadedModel


class SharedEmbedder:
    """An embedder whose model all of its process share, and that tells the runner's metrics."""

    def __init__(self, embedder: TextEmbedder, model: LoadedModel) -> None:
        self._embedder = embedder
        self.model = model

    def embed(self, elements: Sequence[Any]) -> Embedded:
        """Embed elements, as many batches at once as the engine is good for."""
        run_all = encode.run_all_of(self.model, metrics.Stopwatch())
        found = self._embedder.embed(elements, run_all)
        report_counts(found.counts)
        return found


_MADE: dict[tuple[TextConfig, str], SharedEmbedder] = {}
_MAKING = threading.Lock()


def shared_embedder(
    config: TextConfig,
    settings: EncodeConfig,
    load: Callable[[EncodeConfig], Engine] = encode.load_engine,
) -> SharedEmbedder:
    """Give the embedder that a process has for a configuration, making it where it has none.

    Made once: to trace a tokenizer takes a second, and to look at a module reads all of its files.
    """
    model = encode.shared_model(settings, load)
    key = (config, settings.model_sha256)
    with _MAKING:
        if key not in _MADE or _MADE[key].model is not model:
            embedder = TextEmbedder(config, encode.inspect_module(settings), model.engine)
            _MADE[key] = SharedEmbedder(embedder, model)
        return _MADE[key]
