"""The public names of beam-bert. Names that are not listed here may move or change.

    from beam_bert import embed, load_embeddings

The main job:
    `embed` with the keywords `EmbedSettings`, its `EmbedResult`, and the exceptions `UsageError`
    and `JobError`.

Its results:
    `load_embeddings` and `Embeddings` (a vector for each document), `iterate_sequences` and
    `TokenEmbeddings` (a vector for each token), `iterate_records` (every feature).

Training on them:
    `read_pooled` and `read_sequences` (tf.data.Dataset), `torch_pooled` and `torch_sequences`
    (IterableDataset of PyTorch), with the keywords `ReadSettings`.

Steps of other Beam pipelines:
    `BertEmbeddings` and `EmbeddedElements`, `YamlBertEmbeddings` for Beam YAML, `BertModelHandler`
    for RunInference, and `Rejected` for elements that cannot be embedded.

The stages of the main job:
    `make_plan` with `InputConfig`, which returns a `Split` for each range of a `Source`;
    `ReadParts` with `ReadConfig`; `AnalyzeParts` with `WordpieceConfig` and `WordpieceRules`;
    `TokenizeParts`; `EncodeParts` with `EncodeConfig`, `EmbeddingConfig`, `BatchingConfig` and
    `ComputeConfig`; `WriteParts` with `RecordConfig`, and its `Receipt`.

Models:
    `resolve_model`, `inspect_model` and `BertModule`; `minilm_weights`, the folder of the default
    weights.

Queries of a service:
    `Query`, which embeds a few texts as a job embedded its documents.

Steps between the model and a stored vector:
    `cut_windows` with `WindowConfig` for long documents; `Shaping` for `normalize` and
    `truncate_dim`.

The cost of a job:
    `MachineConfig`, `machine_cost` and `Cost`.

Importing this module imports neither Beam nor TensorFlow: each name is imported on first use.
"""

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline import (
        Embeddings,
        EmbedResult,
        EmbedSettings,
        JobError,
        TokenEmbeddings,
        UsageError,
        embed,
        iterate_sequences,
        load_embeddings,
    )
    from pipeline.estimate.pricing import Cost, MachineConfig
    from pipeline.estimate.pricing import cost as machine_cost
    from pipeline.inputs.plan import make_plan
    from pipeline.options.embed_config import InputConfig
    from pipeline.reader import iterate_records
    from pipeline.training.datasets import (
        read_pooled,
        read_sequences,
        torch_pooled,
        torch_sequences,
    )
    from pipeline.training.read_settings import ReadSettings
    from transforms import (
        AnalyzeParts,
        BatchingConfig,
        BertEmbeddings,
        BertModelHandler,
        ComputeConfig,
        EmbeddedElements,
        EmbeddingConfig,
        EncodeConfig,
        EncodeParts,
        ReadConfig,
        ReadParts,
        RecordConfig,
        Rejected,
        Shaping,
        Source,
        Split,
        TokenizeParts,
        WindowConfig,
        WordpieceConfig,
        WordpieceRules,
        WriteParts,
    )
    from transforms.batching.windows import cut_windows
    from transforms.bert.module import BertModule
    from transforms.bert.module import inspect as inspect_model
    from transforms.checkpoints.imported_models import resolve as resolve_model
    from transforms.checkpoints.minilm import weights_folder as minilm_weights
    from transforms.elements.yaml_transform import YamlBertEmbeddings
    from transforms.receipts import Receipt
    from transforms.serving.query import Query

__all__ = [
    "AnalyzeParts",
    "BatchingConfig",
    "BertEmbeddings",
    "BertModelHandler",
    "BertModule",
    "ComputeConfig",
    "Cost",
    "EmbedResult",
    "EmbedSettings",
    "EmbeddedElements",
    "EmbeddingConfig",
    "Embeddings",
    "EncodeConfig",
    "EncodeParts",
    "InputConfig",
    "JobError",
    "MachineConfig",
    "Query",
    "ReadConfig",
    "ReadParts",
    "ReadSettings",
    "Receipt",
    "RecordConfig",
    "Rejected",
    "Shaping",
    "Source",
    "Split",
    "TokenEmbeddings",
    "TokenizeParts",
    "UsageError",
    "WindowConfig",
    "WordpieceConfig",
    "WordpieceRules",
    "WriteParts",
    "YamlBertEmbeddings",
    "cut_windows",
    "embed",
    "inspect_model",
    "iterate_records",
    "iterate_sequences",
    "load_embeddings",
    "machine_cost",
    "make_plan",
    "minilm_weights",
    "read_pooled",
    "read_sequences",
    "resolve_model",
    "torch_pooled",
    "torch_sequences",
]

# All other names are those of `pipeline` or `transforms`.
_PLACES = {
    "BertModule": "transforms.bert.module:BertModule",
    "Cost": "pipeline.estimate.pricing:Cost",
    "InputConfig": "pipeline.options.embed_config:InputConfig",
    "MachineConfig": "pipeline.estimate.pricing:MachineConfig",
    "ReadSettings": "pipeline.training.read_settings:ReadSettings",
    "Receipt": "transforms.receipts:Receipt",
    "Query": "transforms.serving.query:Query",
    "YamlBertEmbeddings": "transforms.elements.yaml_transform:YamlBertEmbeddings",
    "__version__": "transforms:__version__",
    "cut_windows": "transforms.batching.windows:cut_windows",
    "inspect_model": "transforms.bert.module:inspect",
    "iterate_records": "pipeline.reader:iterate_records",
    "machine_cost": "pipeline.estimate.pricing:cost",
    "make_plan": "pipeline.inputs.plan:make_plan",
    "minilm_weights": "transforms.checkpoints.minilm:weights_folder",
    "read_pooled": "pipeline.training.datasets:read_pooled",
    "read_sequences": "pipeline.training.datasets:read_sequences",
    "resolve_model": "transforms.checkpoints.imported_models:resolve",
    "torch_pooled": "pipeline.training.datasets:torch_pooled",
    "torch_sequences": "pipeline.training.datasets:torch_sequences",
}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        module, _, attribute = _PLACES[name].partition(":")
        return getattr(importlib.import_module(module), attribute)
    if name in __all__:
        pipeline = importlib.import_module("pipeline")
        home = pipeline if name in pipeline.__all__ else importlib.import_module("transforms")
        return getattr(home, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_PLACES})


def _check_one_installation() -> None:
    """Check that `pipeline` and `transforms` are the packages that were installed with this file.

    Both names are common: another package of the same name may come first on sys.path.

    Raises:
        ImportError: one of them is missing, or is in another folder.
    """
    home = Path(__file__).resolve().parent
    for package in ("pipeline", "transforms"):
        file = _file_of(package)
        if file is None or Path(file).resolve().parents[1] != home:
            raise ImportError(
                f"beam_bert is in {home}, but Python finds the package {package!r} in "
                f"{file or 'no file'}: install beam-bert in an environment of its own, or remove "
                "the other package from sys.path",
                name=package,
            )


def _file_of(package: str) -> str | None:
    """Return the path of a package's __init__.py, without importing the package."""
    if package in sys.modules:
        return sys.modules[package].__file__
    spec = importlib.util.find_spec(package)
    return None if spec is None else spec.origin


_check_one_installation()
