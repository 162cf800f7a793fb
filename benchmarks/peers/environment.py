"""Install the packages of the other contenders, and write the default model in their formats.

This is done once; only packages are downloaded.
"""

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks import processes
from transforms.checkpoints import minilm

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
# All weights are local, so a request to the hub is an error.
OFFLINE = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}
_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
_EXPORTED = ("openvino", "openvino-int8", "onnx", "onnx-int8", "ctranslate2")
_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
]
_POOLING = {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True}


@dataclasses.dataclass(frozen=True)
class Prepared:
    """An installed environment.

    Attributes:
        python: its interpreter.
        models: folders of the model by format, `torch` and those of `_EXPORTED`.
    """

    python: str
    models: dict[str, str]


def prepare(folder: Path) -> Prepared:
    """Install the environment and write the models in a folder, unless they exist."""
    python = folder / "environment" / "bin" / "python"
    if not _is_done(folder):
        _install(folder, python)
    torch = folder / "model"
    if not (torch / "modules.json").is_file():
        write_model(minilm.weights_folder(), torch)
    models = {"torch": str(torch.resolve())}
    for kind in _EXPORTED:
        models[kind] = str(_export(kind, torch, folder / f"model-{kind}", python).resolve())
    return Prepared(_absolute(python), models)


def _export(kind: str, source: Path, destination: Path, python: Path) -> Path:
    """Write the model in a format, unless it is there, and return its folder."""
    if not destination.is_dir():
        print(f"converting the model: {kind}", flush=True)
        # A conversion that was interrupted leaves no folder with the name of a finished one.
        unfinished = destination.with_name(f"{destination.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        words = [kind, str(source.resolve()), str(unfinished.resolve())]
        processes.run("benchmarks.peers.measured.export", words, _absolute(python), OFFLINE)
        unfinished.rename(destination)
    return destination


def versions(python: str, packages: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of an interpreter's packages, without those that are not installed."""
    program = (
        "import json, sys\nfrom importlib import metadata\nversions = {}\n"
        "for name in sys.argv[1:]:\n"
        "    try: versions[name] = metadata.version(name)\n"
        "    except metadata.PackageNotFoundError: pass\n"
        "print(json.dumps(versions))"
    )
    done = subprocess.run([python, "-c", program, *packages], capture_output=True, check=True)
    installed: dict[str, str] = json.loads(done.stdout)
    return installed


def write_model(weights: Path, folder: Path) -> None:
    """Write a model for sentence-transformers: BERT, then the mean, without normalization."""
    (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        shutil.copyfile(weights / name, folder / name)
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(_POOLING), "utf-8")
    (folder / "modules.json").write_text(json.dumps(_MODULES), "utf-8")


def _install(folder: Path, python: Path) -> None:
    print(f"installing the other contenders in {folder}: some 6 GB, minutes", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", python.parents[1]], check=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(REQUIREMENTS)]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit(f"the packages of {REQUIREMENTS} cannot be installed; see above")
    shutil.copyfile(REQUIREMENTS, _stamp(folder))


def _is_done(folder: Path) -> bool:
    stamp = _stamp(folder)
    return stamp.is_file() and stamp.read_bytes() == REQUIREMENTS.read_bytes()


def _stamp(folder: Path) -> Path:
    """Return the path of the copy of the requirements that were installed."""
    return folder / "installed.txt"


def _absolute(python: Path) -> str:
    # A resolved link would be the interpreter without the environment.
    return str(python.absolute())
