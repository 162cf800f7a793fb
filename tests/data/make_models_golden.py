"""Write golden vectors and ids of small models, as the programs that they come from compute them.

How it was run, in the repository's root (CPU, float32, one thread, Python 3.11)::

    python -m benchmarks.models
    python tests/data/make_models_golden.py .proof/models tests/data

The first line installs transformers 5.5.4, torch 2.15.0 and tf-models-official 2.20.0 (TensorFlow
2.20.0) in environments of their own, and makes the models of `benchmarks/models/cases.py` with
them. Their weights are `benchmarks.models.seeded.variables`, so that tests make the same models
without these programs. The second line takes a few rows of each.

models_golden.npz has plain arrays (``allow_pickle=False`` loads them). The names of those of a
model begin with the case's name and a slash; row i has the tokens ``offsets[i]:offsets[i + 1]``:

    ===========  =======  =================  =================================================
    input_ids    int32    [tokens]           of each row, special tokens included
    segment_ids  int32    [tokens]
    offsets      int64    [rows + 1]
    tokens       float32  [tokens, hidden]   last_hidden_state, or sequence_output
    pooled       float32  [rows, hidden]     pooler_output, or pooled_output; absent: no pooler
    ===========  =======  =================  =================================================

Of a model with rules for its tokenizer there are only `input_ids` and `offsets`, of every text of
`benchmarks.models.texts.TEXTS`, cut to 64 tokens. Each row went through its model alone.

models/ has two whole folders, as sentence-transformers and the garden save them. For the first,
`st-small/sentence` has float32 [texts, 24], what `encode` returns for each of these texts.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np

from benchmarks.models import expected
from benchmarks.models.cases import CASES, HUGGING_FACE, Case

# Beginnings of the names of models that differ in their arithmetic.
_WITH_VECTORS = (
    *("hf-act-", "hf-eps-1e-05", "hf-eps-0.003", "hf-heads-", "hf-no-pooler", "hf-one-segment"),
    *("hf-electra", "garden-v1", "garden-norm-first", "garden-factorised", "garden-all"),
)
_SHORT = range(4, 16)
FOLDERS = ("st-small", "garden-small")


def has_vectors(case: Case) -> bool:
    """Return whether a case's vectors are kept."""
    return case.name.startswith(_WITH_VECTORS)


def has_rules(case: Case) -> bool:
    """Return whether a case's ids are kept."""
    return case.writer == HUGGING_FACE and "rules" in case.settings


def take_vectors(wanted: expected.Expected) -> dict[str, np.ndarray]:
    """Return two short rows and the last one, which is a pair if there are pairs."""
    short = [n for n, ids in enumerate(wanted.input_ids) if len(ids) in _SHORT]
    chosen = sorted({*short[:2], short[-1]})
    arrays = {
        name: np.concatenate([getattr(wanted, name)[n] for n in chosen])
        for name in ("input_ids", "segment_ids", "tokens")
    }
    arrays["offsets"] = np.cumsum([0, *(len(wanted.input_ids[n]) for n in chosen)])
    if wanted.pooled is not None:
        arrays["pooled"] = wanted.pooled[chosen]
    return arrays


def take_ids(wanted: expected.Expected) -> dict[str, np.ndarray]:
    """Return the ids of all texts."""
    rows = wanted.input_ids[: wanted.texts]
    return {"input_ids": np.concatenate(rows), "offsets": np.cumsum([0, *map(len, rows)])}


def copy_folder(source: Path, destination: Path) -> None:
    """Copy a model's folder, without its description."""
    shutil.rmtree(destination, ignore_errors=True)
    shutil.copytree(source, destination, ignore=shutil.ignore_patterns("README.md"))
    for path in destination.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def main() -> None:
    """Read the folder of models and write the file."""
    parser = argparse.ArgumentParser(description="Write golden vectors and ids of small models.")
    parser.add_argument("models", type=Path, metavar="MODELS")
    parser.add_argument("dest", type=Path, metavar="DEST")
    args = parser.parse_args()
    arrays = {}
    for case in CASES:
        take = take_vectors if has_vectors(case) else take_ids if has_rules(case) else None
        if take:
            taken = take(expected.read(args.models / case.name))
            arrays |= {f"{case.name}/{name}": array for name, array in taken.items()}
    for name in FOLDERS:
        copy_folder(args.models / name / "model", args.dest / "models" / name)
    small = expected.read(args.models / "st-small")
    arrays["st-small/sentence"] = small.sentence
    np.savez_compressed(args.dest / "models_golden.npz", allow_pickle=False, **arrays)
    print(f"{len({name.partition('/')[0] for name in arrays})} models")


if __name__ == "__main__":
    main()
