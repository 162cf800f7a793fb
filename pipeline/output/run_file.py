"""run.json: what determines a job's output, and how to resume it."""

import dataclasses
import functools
import json
import sys
from collections.abc import Mapping
from importlib import metadata
from typing import Annotated, Any, TypedDict

import msgspec

from pipeline.errors import WRITTEN_AGAIN
from pipeline.generations.history import FIRST
from pipeline.options.earlier_releases import with_former_defaults
from pipeline.options.embed_config import EmbedConfig
from pipeline.options.identity_version import FIRST_IDENTITY_VERSION, IDENTITY_VERSION
from pipeline.output import layout
from pipeline.output.layout import RUN_FILE
from pipeline.releases import folder_rule
from pipeline.releases.format_check import OtherReleaseError
from transforms import __version__, strict_json
from transforms.bert.agreement import CosineAgreement
from transforms.documents import FORMAT_VERSION, hash_json
from transforms.io import storage
from transforms.io.redaction import redact_url
from transforms.strict_json import Cosine, Count
from transforms.vector_widths import VectorWidths

# The number that tf.Transform learns; `preprocessing.NUM_QUANTILES` would import TensorFlow.
_QUANTILES = 19
_COMMAND = ("beam-bert", "embed")
_COMPUTED_BY = (
    *("apache-beam", "tensorflow", "tensorflow-hub", "tensorflow-text"),
    *("tensorflow-transform", "tfx-bsl", "pyarrow", "numpy", "openvino"),
)


class Transform(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The result of tf.Transform's analysis.

    Attributes:
        fingerprint: hash of what determines its wordpieces.
        length_quantiles: those of the sample.
        sha256: hash of its files, which differ each time it is saved; see `hash_transform`.
    """

    fingerprint: str
    length_quantiles: Annotated[
        tuple[Count, ...], msgspec.Meta(min_length=_QUANTILES, max_length=_QUANTILES)
    ]
    sha256: str


@dataclasses.dataclass(frozen=True)
class Run:
    """The identity of a job.

    Attributes:
        configuration: the flags that determine the output, and their values.
        model: fingerprint of the module.
        widths: of the module's vectors; a hidden size of 0 before the module was inspected.
        transform: None before the analysis.
        agreement: the effect of the precision on vectors; None for float32.
        plan: sha256 of plan.jsonl.
        command: the command that resumes the job; see `resume_command.command_of`.
        directory: the working directory that relative paths in it refer to.
        generation: the number of the generation that the plan is of.
        inputs: the flags of the list of inputs that the newest update has; None if they are those
            of the configuration.
        identity_version: see `identity_version`; a job that goes on has that of this release.
    """

    configuration: dict[str, Any]
    model: str
    widths: VectorWidths = dataclasses.field(default_factory=lambda: VectorWidths(0))
    transform: Transform | None = None
    agreement: CosineAgreement | None = None
    plan: str = ""
    command: tuple[str, ...] = ()
    directory: str = ""
    generation: int = FIRST
    inputs: dict[str, Any] | None = None
    identity_version: int = IDENTITY_VERSION

    @property
    def newest_flags(self) -> dict[str, Any]:
        """The flags that determine the output, with the list of inputs of the newest update."""
        return self.configuration | (self.inputs or {})

    @property
    def fingerprint(self) -> str:
        """The hash in every part's key: model, configuration, transform, format version.

        The quantiles count where they choose the widths of batches. Elsewhere another sample, of
        which a file could not be read, say, gives the same files.
        """
        if self.transform is None:
            raise ValueError("the transform is not known before the analysis")
        learned: list[Any] = [self.transform.fingerprint]
        if self.configuration.get("--xla_buckets"):
            learned.append(self.transform.length_quantiles)
        return hash_json([FORMAT_VERSION, self.model, self.configuration, learned])


class _Model(msgspec.Struct, forbid_unknown_fields=True):
    handle: str
    fingerprint: str
    hidden_size: Count
    widths: dict[str, Count] = msgspec.field(default_factory=dict)


class _Agreement(msgspec.Struct, forbid_unknown_fields=True):
    """See `CosineAgreement`."""

    documents: Count
    smallest_cosine: Cosine
    mean_cosine: Cosine
    neighbours_kept: Cosine


InputFlags = TypedDict("InputFlags", {"--input": list[str], "--input_format": str})


class RunFile(msgspec.Struct, forbid_unknown_fields=True):
    """The content of run.json."""

    format_version: int
    configuration: dict[str, Any]
    model: _Model
    transform: Transform | None
    likeness: _Agreement | None
    plan: str
    versions: dict[str, str]
    command: tuple[str, ...]
    directory: str
    generation: Annotated[int, msgspec.Meta(ge=FIRST)] = FIRST
    inputs: InputFlags | None = None
    identity_version: Annotated[int, msgspec.Meta(ge=FIRST_IDENTITY_VERSION)] = (
        FIRST_IDENTITY_VERSION
    )

    def __post_init__(self) -> None:
        # People copy the command into a shell.
        if self.command[:2] != _COMMAND:
            raise ValueError(f"`command` does not begin with {' '.join(_COMMAND)}")

    @property
    def run(self) -> Run:
        """The identity of the job."""
        return Run(
            configuration=self.configuration,
            model=self.model.fingerprint,
            widths=VectorWidths(self.model.hidden_size, self.model.widths),
            transform=self.transform,
            agreement=CosineAgreement(**msgspec.structs.asdict(self.likeness))
            if self.likeness
            else None,
            plan=self.plan,
            command=with_former_defaults(self.command, self.configuration),
            directory=self.directory,
            generation=self.generation,
            inputs=None if self.inputs is None else dict(self.inputs),
            identity_version=self.identity_version,
        )


class DamagedRunError(ValueError):
    """run.json is not JSON, as after a power cut.

    Attributes:
        reason: the message without the remedy.
    """

    def __init__(self, path: str, error: ValueError) -> None:
        self.reason = f"{path} is damaged: {error}"
        super().__init__(f"{self.reason}; {WRITTEN_AGAIN}")


_DECODER = msgspec.json.Decoder(RunFile)


def load_run_file(folder: str) -> RunFile | None:
    """Read run.json; return None if there is none.

    Raises:
        DamagedRunError: it is damaged.
        OtherReleaseError: the folder is of another release, which has to open it.
        ValueError: it has other fields, or the folder contains links.
    """
    layout.refuse_links(folder)
    path = storage.join(folder, RUN_FILE)
    content = storage.read_bytes(path)
    if content is None:
        return None
    try:
        strict_json.decode_any(content)
    except ValueError as error:
        raise DamagedRunError(path, error) from error
    return _decode(path, content)


def _decode(path: str, content: bytes) -> RunFile:
    try:
        folder_rule.check_run(path, content)
        return strict_json.decode(content, _DECODER)
    except OtherReleaseError:
        raise
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


def load_run(folder: str) -> Run | None:
    """Read the identity of the job from run.json; see `load_run_file`."""
    file = load_run_file(folder)
    return None if file is None else file.run


def write_run(folder: str, run: Run, config: EmbedConfig) -> None:
    """Write run.json."""
    own_widths = dict(run.widths.of_documents)
    value = {
        "format_version": FORMAT_VERSION,
        "identity_version": run.identity_version,
        "configuration": run.configuration,
        "model": {
            "handle": redact_url(config.model),
            "fingerprint": run.model,
            "hidden_size": run.widths.hidden_size,
            **({"widths": own_widths} if own_widths else {}),
        },
        "transform": run.transform and msgspec.structs.asdict(run.transform),
        "likeness": run.agreement and dataclasses.asdict(run.agreement),
        "plan": run.plan,
        "versions": dict(_versions()),
        "command": list(run.command),
        "directory": run.directory,
        **({} if run.generation == FIRST else {"generation": run.generation}),
        **({} if run.inputs is None else {"inputs": run.inputs}),
    }
    storage.write_text(folder, RUN_FILE, json.dumps(value, indent=1))


@functools.cache
def _versions() -> Mapping[str, str]:
    """Return the versions of what computes; a new job writes them twice."""
    versions = {"python": sys.version.split()[0], "beam-bert": __version__}
    for name in _COMPUTED_BY:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
