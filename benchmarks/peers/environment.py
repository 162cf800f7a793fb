"""The peers' own packages, and the default model in the folders that they read.

Made once and kept; nothing is fetched but packages.
"""

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks import processes
from transforms.bert import minilm

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
# All weights are here: a peer that asks its hub for something else fails at once.
OFFLINE = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}
_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
]
_POOLING = {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True}


@dataclasses.dataclass(frozen=True)
class Prepared:
    """An environment that can be run.

    Attributes:
        python: its interpreter.
        models: the folder of each kind of model, `torch` and `openvino`.
    """

    python: str
    models: dict[str, str]


def prepare(folder: Path) -> Prepared:
    """Make the environment and the models in a folder, or take those that are there."""
    python = folder / "environment" / "bin" / "python"
    if not _is_done(folder):
        _install(folder, python)
    torch, openvino = folder / "model", folder / "model-openvino"
    if not (torch / "modules.json").is_file():
        write_model(minilm.weights_folder(), torch)
    if not (openvino / "modules.json").is_file():
        print("converting the model to OpenVINO", flush=True)
        words = [str(torch.resolve()), str(openvino.resolve())]
        processes.run("benchmarks.peers.measured.export", words, _absolute(python), OFFLINE)
    models = {"torch": str(torch.resolve()), "openvino": str(openvino.resolve())}
    return Prepared(_absolute(python), models)


def versions(python: str, packages: tuple[str, ...]) -> dict[str, str]:
    """Ask an interpreter for the versions of its packages; those that it lacks are left out."""
    program = (
        "import json, sys\nfrom importlib import metadata\nfound = {}\n"
        "for name in sys.argv[1:]:\n"
        "    try: found[name] = metadata.version(name)\n"
        "    except metadata.PackageNotFoundError: pass\n"
        "print(json.dumps(found))"
    )
    done = subprocess.run([python, "-c", program, *packages], capture_output=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def write_model(weights: Path, folder: Path) -> None:
    """Lay weights out as sentence-transformers reads them: BERT, then the mean, not normalized."""
    (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        shutil.copyfile(weights / name, folder / name)
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(_POOLING), "utf-8")
    (folder / "modules.json").write_text(json.dumps(_MODULES), "utf-8")


def _install(folder: Path, python: Path) -> None:
    print(f"making the peers' environment in {folder}: some 6 GB, minutes", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", python.parents[1]], check=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(REQUIREMENTS)]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit(f"the packages of {REQUIREMENTS} cannot be installed; see above")
    shutil.copyfile(REQUIREMENTS, _stamp(folder))


def _is_done(folder: Path) -> bool:
    stamp = _stamp(folder)
    return stamp.is_file() and stamp.read_bytes() == REQUIREMENTS.read_bytes()


def _stamp(folder: Path) -> Path:
    """Name the copy of the requirements that says with what the environment was made."""
    return folder / "installed.txt"


def _absolute(python: Path) -> str:
    # Not resolved: behind the link is the interpreter without the environment.
    return str(python.absolute())
