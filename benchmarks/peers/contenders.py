"""Who is measured, and with what: add or leave out a line here."""

import dataclasses

_MEASURED = "benchmarks.peers.measured"
_OURS = ("--features", "pooled_output,mean")

# What others are held against.
OURS_FLOAT32, OURS_BFLOAT16 = "job-float32", "job-bfloat16"


@dataclasses.dataclass(frozen=True)
class Contender:
    """One that is measured.

    Attributes:
        name: for the command line.
        label: for tables.
        module: what a process of its own runs.
        arguments: its flags, beyond those that all have.
        precision: of its products, `float32` or `bfloat16`; says how near its vectors have to be.
        model: `minilm`, or the folder of `environment.Prepared` that it loads.
        documents: how many it embeds at most; slow ones are given fewer.
        trial: sizes of batches of which the fastest is found first.
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
        """Whether it needs the environment of the peers."""
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
        "sentence-transformers, OpenVINO as it comes",
        f"{_MEASURED}.encode",
        "bfloat16",
        ("--backend", "openvino"),
        model="openvino",
        trial="32,64,128",
    ),
    Contender(
        "openvino-float32",
        "sentence-transformers, OpenVINO, told float32",
        f"{_MEASURED}.encode",
        "float32",
        ("--backend", "openvino", "--precision", "f32"),
        model="openvino",
        documents=2000,
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
        "module",
        "the TF Hub module, 32 documents at a time",
        f"{_MEASURED}.module",
        "float32",
        documents=2000,
    ),
    Contender(
        "mltransform-512",
        "Beam MLTransform, 512 documents at once",
        f"{_MEASURED}.mltransform",
        "float32",
        ("--bundle", "512", "--batch_size", "64"),
        model="torch",
        documents=1024,
    ),
    Contender(
        "mltransform",
        "Beam MLTransform, as it comes",
        f"{_MEASURED}.mltransform",
        "float32",
        model="torch",
        documents=1024,
    ),
)
