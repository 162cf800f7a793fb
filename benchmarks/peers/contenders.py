"""The contenders, and the flags of each."""

import dataclasses

_MEASURED = "benchmarks.peers.measured"
_OURS = ("--features", "pooled_output,mean")

# The contenders that all others are compared with.
OURS_FLOAT32, OURS_BFLOAT16 = "job-float32", "job-bfloat16"


@dataclasses.dataclass(frozen=True)
class Contender:
    """A program to measure.

    Attributes:
        name: for the command line.
        label: for tables.
        module: to run in a separate process.
        arguments: its flags, in addition to those of all contenders.
        precision: of its products, `float32`, `bfloat16` or `int8`; it sets the smallest allowed
            cosine.
        model: `minilm`, or the folder of `environment.Prepared` that it loads.
        documents: the largest number of documents to embed, for slow contenders; None for all.
        trial: batch sizes, of which the fastest one is used.
    """

    name: str
    label: str
    module: str
    precision: str
    arguments: tuple[str, ...] = ()
    model: str = "minilm"
    documents: int | None = None
    trial: str = ""

    @property
    def is_peer(self) -> bool:
        """Whether it runs in the separate environment."""
        return self.model != "minilm"


CONTENDERS = (
    Contender(
        OURS_BFLOAT16,
        "beam-bert, bfloat16",
        f"{_MEASURED}.job",
        "bfloat16",
        (*_OURS, "--engine", "openvino", "--precision", "bfloat16"),
    ),
    Contender(
        OURS_FLOAT32,
        "beam-bert, float32",
        f"{_MEASURED}.job",
        "float32",
        (*_OURS, "--engine", "openvino", "--precision", "float32"),
    ),
    Contender(
        "openvino",
        "sentence-transformers, OpenVINO by default",
        f"{_MEASURED}.encode",
        "bfloat16",
        ("--backend", "openvino"),
        model="openvino",
        trial="32,64,128",
    ),
    Contender(
        "openvino-float32",
        "sentence-transformers, OpenVINO in float32",
        f"{_MEASURED}.encode",
        "float32",
        ("--backend", "openvino", "--precision", "f32"),
        model="openvino",
        documents=2000,
        trial="32,64,128",
    ),
    Contender(
        "openvino-int8",
        "sentence-transformers, OpenVINO static int8",
        f"{_MEASURED}.encode",
        "int8",
        ("--backend", "openvino"),
        model="openvino-int8",
        trial="32,64,128",
    ),
    Contender(
        "torch-bfloat16",
        "sentence-transformers, torch bfloat16",
        f"{_MEASURED}.encode",
        "bfloat16",
        ("--precision", "bfloat16"),
        model="torch",
        trial="32,64,128",
    ),
    Contender(
        "torch-float32",
        "sentence-transformers, torch float32",
        f"{_MEASURED}.encode",
        "float32",
        model="torch",
        documents=2000,
        trial="32,64,128",
    ),
    Contender(
        "ctranslate2",
        "CTranslate2, float32",
        f"{_MEASURED}.encode_ctranslate2",
        "float32",
        model="ctranslate2",
        documents=2000,
        trial="16,32,64",
    ),
    Contender(
        "ctranslate2-int8",
        "CTranslate2, int8",
        f"{_MEASURED}.encode_ctranslate2",
        "int8",
        ("--precision", "int8"),
        model="ctranslate2",
        trial="16,32,64",
    ),
    Contender(
        "onnx",
        "ONNX Runtime, float32",
        f"{_MEASURED}.encode_onnx",
        "float32",
        model="onnx",
        documents=2000,
        trial="16,32,64",
    ),
    Contender(
        "onnx-int8",
        "ONNX Runtime, dynamic int8",
        f"{_MEASURED}.encode_onnx",
        "int8",
        model="onnx-int8",
        trial="16,32,64",
    ),
    Contender(
        "fastembed",
        "fastembed, float32",
        f"{_MEASURED}.encode_fastembed",
        "float32",
        model="onnx",
        documents=2000,
        trial="32,64,128",
    ),
    Contender(
        "module",
        "the TF Hub module, 32 documents at a time",
        f"{_MEASURED}.module",
        "float32",
        documents=2000,
    ),
    Contender(
        "mltransform-512",
        "Beam MLTransform, 512 documents at a time",
        f"{_MEASURED}.mltransform",
        "float32",
        ("--bundle", "512", "--batch_size", "64"),
        model="torch",
        documents=1024,
    ),
    Contender(
        "mltransform",
        "Beam MLTransform by default",
        f"{_MEASURED}.mltransform",
        "float32",
        model="torch",
        documents=1024,
    ),
)
