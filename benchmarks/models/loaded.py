"""A model in this program, loaded as users do."""

import dataclasses
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from transforms.bert import loading
from transforms.bert import module as modules
from transforms.bert.compute import ComputeConfig
from transforms.bert.engines import Engine
from transforms.bert.module import BertModule
from transforms.bert.module_engine import ModuleEngine
from transforms.bert.output_spec import OutputSpec
from transforms.checkpoints import checkpoint_folders, importing
from transforms.elements.model_handler import BertModelHandler
from transforms.elements.text_config import TextConfig
from transforms.features import INPUT_IDS
from transforms.wordpiece.preprocessing import model_inputs

_ENGINES = ("openvino", "tensorflow")


@dataclasses.dataclass(frozen=True)
class Loaded:
    """A model in memory.

    Attributes:
        module: its description; its folder exists while this process runs.
        engines: the engines that rebuild the encoder, and the module's graph.
        rebuilt: whether engines rebuild the encoder.
        pooled: whether it has a pooler.
    """

    module: BertModule
    engines: tuple[Engine, ...]
    rebuilt: bool
    pooled: bool

    @property
    def computed(self) -> str:
        """What computes it, in words."""
        return "rebuilt" if self.rebuilt else "its graph"


def load(path: Path, *, pooled: bool) -> Loaded:
    """Load a model by all engines.

    Args:
        path: a SavedModel, or a folder of a checkpoint, which is imported.
        pooled: whether it has a pooler.

    Raises:
        ValueError: it is refused.
    """
    logging.getLogger("transforms.bert.loading").setLevel(logging.ERROR)
    if not (path / "saved_model.pb").is_file():
        path = _import(path)
    module = modules.inspect(path)
    spec = OutputSpec(pooled=pooled)
    graph: Engine = ModuleEngine(module)
    engines = [loading.load(module, spec, ComputeConfig(name)) for name in _ENGINES]
    rebuilt = all(engine.name in _ENGINES for engine in engines)
    return Loaded(module, (*(engines if rebuilt else ()), graph), rebuilt, pooled)


def _import(path: Path) -> Path:
    """Import a checkpoint, and return the folder of the module."""
    destination = Path(tempfile.mkdtemp(prefix="module-", dir=path.parent)) / "module"
    # Google's folders say the casing by their names only.
    is_google = any((path / name).is_file() for name in ("bert_config.json", "params.yaml"))
    casing = True if is_google else None
    checkpoint = checkpoint_folders.read_checkpoint(path, do_lower_case=casing)
    importing.write_module(checkpoint, destination)
    return destination


def load_engine(model: Loaded, config: ComputeConfig) -> Engine:
    """Load a model by one engine."""
    return loading.load(model.module, OutputSpec(pooled=model.pooled), config)


def tokenize(model: Loaded, texts: Sequence[str], most: int) -> list[np.ndarray]:
    """Return the input_ids of texts, cut to a number of tokens."""
    config = TextConfig(max_seq_length=most).wordpieces(model.module)
    graph = tf.function(model_inputs(config, model.module.vocabulary))
    ragged = graph({name: tf.constant(list(texts)) for name in config.texts})[INPUT_IDS]
    return np.split(ragged.flat_values.numpy(), ragged.row_splits.numpy()[1:-1])


def sentences(model: Loaded, texts: Sequence[str]) -> np.ndarray:
    """Return the sentence vectors of texts, float32 [texts, width].

    Raises:
        ValueError: the model does not define them.
    """
    sentence = model.module.sentence
    most = sentence.settings.max_seq_length if sentence else None
    handler = BertModelHandler(
        str(model.module.path),
        features=("sentence",),
        max_seq_length=most or model.module.shape.positions,
    )
    results = handler.run_inference(list(texts), handler.load_model())
    return np.stack([result.inference["sentence"] for result in results])
