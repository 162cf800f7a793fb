"""Make the folders of `tests/data/formats`, by which tests hold the rule on other releases.

    python tests/data/make_formats.py RELEASE SOURCE

RELEASE is a key of `JOBS`. SOURCE is the code of that release; that of 0.1.0 needs `python setup.py
egg_info`, from which its run.json has the version. Folders of a release are made once, before it is
published, and never again: what they have is what users have.

Each job runs in a folder with its corpus and the module of the golden job, whose vectors have the
same bytes on every processor. Stored are the corpus, the output folder without its report, and the
command. The graph of the transform is compressed. The name of the machine and the working directory
are replaced; no key depends on them.
"""

import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DATA = Path(__file__).parent
CHANGED = 1_700_000_000
GRAPH = "transform_fn/saved_model.pb"
_COMMON = (
    *("--input", "corpus/*", "--output", "output", "--id_field", "id", "--model", "module"),
    *("--engine", "tensorflow", "--max_seq_length", "16", "--max_rejected", "0.5"),
)
# The flags of each job, and the corpus before each of its calls: texts by id, by file.
_TEXTS = {"a.jsonl": {"one": "the cat sat on a mat", "two": "", "three": "unable dogs"}}
_MORE = {"b.jsonl": {"four": "the dog ran", "five": "a mat!"}}
JOBS = {
    "0.1.0": {
        "job": (("--features", "mean,sequence_output"), [_TEXTS | _MORE]),
    },
    "0.2.0": {
        "job": (
            ("--features", "mean,sequence_output", "--keep_fields", "k", "--keep_tokens"),
            [_TEXTS | _MORE],
        ),
        "generations": (
            ("--features", "mean", "--keep_fields", "k", "--output_format", "parquet", "--update"),
            [_TEXTS, {"a.jsonl": {"one": "the cat ran", "three": "unable dogs"}} | _MORE],
        ),
    },
}


def write_corpus(folder: Path, texts: dict[str, dict[str, str]], time: int) -> None:
    """Write files of JSON Lines with a time of change, which is part of the keys of their parts."""
    folder.mkdir(exist_ok=True)
    for name, documents in texts.items():
        lines = [
            json.dumps({"id": id_, "text": text, "k": len(text)}) for id_, text in documents.items()
        ]
        text = "".join(f"{line}\n" for line in lines)
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            os.utime(path, (time, time))


def make(release: str, job: str, source: Path) -> None:
    flags, corpora = JOBS[release][job]
    command = [*_COMMON, *flags]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(DATA / "golden_job/module", folder / "module")
        for number, texts in enumerate(corpora):
            write_corpus(folder / "corpus", texts, CHANGED + number)
            environment = os.environ | {"PYTHONPATH": str(source), "TF_CPP_MIN_LOG_LEVEL": "3"}
            program = [sys.executable, "-m", "pipeline", "embed", *command]
            subprocess.run(program, cwd=folder, env=environment, check=True)
        shutil.rmtree(folder / "module")
        _without_this_machine(folder)
        times = {path.name: path.stat().st_mtime for path in folder.glob("corpus/*")}
        stored = {"command": ["embed", *command], "times": times}
        (folder / "command.json").write_text(json.dumps(stored, indent=1) + "\n")
        place = DATA / "formats" / release / job
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(folder, place)


def _without_this_machine(folder: Path) -> None:
    output = folder / "output"
    (output / "report.html").unlink(missing_ok=True)
    graph = output / GRAPH
    graph.with_suffix(".pb.xz").write_bytes(lzma.compress(graph.read_bytes(), preset=9))
    graph.unlink()
    run = json.loads((output / "run.json").read_text())
    (output / "run.json").write_text(json.dumps(run | {"directory": "/corpus"}, indent=1))
    for path in output.glob("receipts/*.json"):
        text = re.sub(r'"worker": "[^"]*"', '"worker": "host:1"', path.read_text())
        path.write_text(re.sub(r'"machine": "[^"]*"', '"machine": "2 cores"', text))


if __name__ == "__main__":
    for job in JOBS[sys.argv[1]]:
        make(sys.argv[1], job, Path(sys.argv[2]).resolve())
