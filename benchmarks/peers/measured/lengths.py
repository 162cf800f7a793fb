"""Count the wordpieces of each document by our tokenizer, cut to the maximum length."""

import json

from benchmarks.peers.measured import reporting
from pipeline.console import quiet


def main() -> None:
    """Print a list of lengths, [CLS] and [SEP] included."""
    arguments = reporting.parser(__doc__).parse_args()
    quiet.import_tensorflow()
    import tensorflow as tf

    from transforms.bert import module
    from transforms.checkpoints import imported_models
    from transforms.documents import TEXT
    from transforms.features import INPUT_IDS
    from transforms.wordpiece.preprocessing import WordpieceConfig, model_inputs

    inspected = module.inspect(imported_models.resolve(arguments.model))
    config = WordpieceConfig(arguments.max_seq_length, inspected.rules)
    texts = tf.constant(reporting.read(arguments.input), tf.string)
    ids = model_inputs(config, inspected.vocabulary)({TEXT: texts})[INPUT_IDS]
    print(json.dumps({"lengths": ids.row_lengths().numpy().tolist()}))


if __name__ == "__main__":
    main()
