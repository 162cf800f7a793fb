"""Make the module, the corpus and the figures of `tests/pipeline/test_golden_job.py`.

    python tests/data/make_golden_job.py module     # golden_job/module: only if it must change
    python tests/data/make_golden_job.py figures    # golden_job/figures.json

The module computes with small multiples of 1/8, so that every sum is exact and the files have the
same bytes on every processor. Its files are stored, because TensorFlow does not write the same
SavedModel twice.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[2]))

FOLDER = Path(__file__).with_name("golden_job")


def make_module() -> None:
    import numpy as np
    import tensorflow as tf

    from tests import tf2_module
    from tests.conftest import TINY_VOCABULARY

    class ExactBert(tf2_module.Tf2Bert):
        @tf.function
        def __call__(self, inputs, training=None):  # noqa: ARG002
            words, positions, types = self.weights[:3]
            sequence = tf.gather(words, inputs["input_word_ids"])
            sequence += tf.gather(types, inputs["input_type_ids"])
            sequence += positions[: tf.shape(sequence)[1]]
            sequence *= tf.cast(inputs["input_mask"], tf.float32)[:, :, tf.newaxis]
            return {"pooled_output": 0.5 * sequence[:, 0], "sequence_output": sequence}

    with tempfile.TemporaryDirectory() as folder:
        vocabulary = Path(folder, "vocab.txt")
        vocabulary.write_text("".join(f"{token}\n" for token in TINY_VOCABULARY))
        model = ExactBert(vocabulary, len(TINY_VOCABULARY), do_lower_case=True)
        for variable in model.weights:
            variable.assign(np.round(variable.numpy() * 8) / 8)
        names = ("input_word_ids", "input_mask", "input_type_ids")
        specs = {name: tf.TensorSpec([None, None], tf.int32, name) for name in names}
        for training in (True, False):
            model.__call__.get_concrete_function(specs, training=training)
        shutil.rmtree(FOLDER / "module", ignore_errors=True)
        tf.saved_model.save(model, str(FOLDER / "module"))


def make_figures() -> None:
    from tests.pipeline import golden_job

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        figures = golden_job.figures(Path(folder))
    (FOLDER / "figures.json").write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    {"module": make_module, "figures": make_figures}[sys.argv[1]]()
