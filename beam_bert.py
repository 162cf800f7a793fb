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
    for RunInference, `BertHubEmbeddings` for MLTransform, and `Rejected` for elements that cannot
    be embedded.

The stages of the main job:
    `make_plan` with `InputConfig`, which returns a `Split` for each range of a `Source`;
    `ReadParts` with `ReadConfig`; `AnalyzeParts` with `WordpieceConfig` and `WordpieceRules`;
    `TokenizeParts` with `TextRows`; `EncodeParts` with `EncodeConfig`, `EmbeddingConfig`,
    `BatchingConfig` and `ComputeConfig`; `WriteParts` with `RecordConfig`, and its `Receipt`.

Models:
    `resolve_model`, `inspect_model` and `BertModule`; `minilm_weights`, the folder of the default
    weights.

Queries:
    `Searcher`, which finds the documents of a job by texts, as `Hit`s; `Query`, which embeds a few
    texts as a job embedded its documents.

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
    from pipeline.search.searcher import Hit, Searcher
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
        BertHubEmbeddings,
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
        TextRows,
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
    "BertHubEmbeddings",
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
    "Hit",
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
    "Searcher",
    "Shaping",
    "Source",
    "Split",
    "TextRows",
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
    "Hit": "pipeline.search.searcher:Hit",
    "InputConfig": "pipeline.options.embed_config:InputConfig",
    "MachineConfig": "pipeline.estimate.pricing:MachineConfig",
    "ReadSettings": "pipeline.training.read_settings:ReadSettings",
    "Receipt": "transforms.receipts:Receipt",
    "Query": "transforms.serving.query:Query",
    "Searcher": "pipeline.search.searcher:Searcher",
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

    Both names are common: a folder or a file of the same name beside the user's script, or in the
    working directory, may come first on sys.path.

    Raises:
        ImportError: one of them is missing, or is in another folder.
        SystemExit: the same, in a program of beam-bert: a message for users, and status 2.
    """
    home = Path(__file__).resolve().parent
    for package in ("pipeline", "transforms"):
        place = _place_of(package)
        if place != home / package:
            message = (
                f"beam_bert is in {home}, but Python finds {package!r} {_where(place)}\n"
                f"{_remedy(place)}, or install beam-bert in an environment of its own"
            )
            if _is_our_program():
                sys.stderr.write(f"beam-bert: {message}\n")
                sys.exit(2)
            raise ImportError(message, name=package)


def _place_of(package: str) -> Path | None:
    """Return the folder or the file that `import` finds, without importing it."""
    if package in sys.modules:
        module = sys.modules[package]
        places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    else:
        spec = importlib.util.find_spec(package)
        places = [] if spec is None else [spec.origin, *(spec.submodule_search_locations or ())]
    found = [Path(place).resolve() for place in places if place]
    if not found:
        return None
    return found[0].parent if found[0].name == "__init__.py" else found[0]


def _where(place: Path | None) -> str:
    return "nowhere" if place is None else f"first in {place}"


def _remedy(place: Path | None) -> str:
    if place is None:
        return "Install beam-bert again"
    return f"Rename {place}, remove {place.parent} from PYTHONPATH, start Python in another folder"


def _is_our_program() -> bool:
    """Return whether this process runs `beam-bert`, or `python -m pipeline`."""
    # While `python -m` imports the package of its module, the first argument is "-m".
    return __name__ == "__main__" or Path(sys.argv[0]).name in (*_PROGRAMS, "-m")


def _program() -> None:
    from pipeline.__main__ import program

    program()


def _worker_pool() -> int:
    from pipeline.runners.worker_pool import main

    return main()


_PROGRAMS = ("beam-bert", "beam-bert-worker-pool")
_check_one_installation()
if __name__ == "__main__":
    _program()
