"""The Dockerfiles for Dataflow, without building them, and the metadata of the flex template."""

import importlib.metadata
import json
import re
from pathlib import Path

import apache_beam
import pytest
from packaging.requirements import Requirement

from pipeline.options import beam_flags, flags
from tests.dockerfiles import check_with_hadolint, instructions
from tests.paths import ROOT

FOLDER = ROOT / "deploy/dataflow"
IMAGES = sorted(FOLDER.glob("*Dockerfile"))


def test_there_is_an_image_for_each_kind_of_worker() -> None:
    assert [image.name for image in IMAGES] == ["Dockerfile", "gpu.Dockerfile"]


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)
def test_hadolint_finds_nothing(image: Path) -> None:
    check_with_hadolint(image)


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)
def test_all_stages_have_one_python_and_one_beam(image: Path) -> None:
    lines = instructions(image)
    bases = [arguments for name, arguments in lines if name == "FROM"]
    assert bases == ["${LAUNCHER} AS launcher", "python:3.11-slim"]
    boot = f"--from=apache/beam_python3.11_sdk:{apache_beam.__version__} /opt/apache/beam "
    copies = [arguments for name, arguments in lines if name == "COPY"]
    assert any(arguments.startswith(boot) for arguments in copies)
    assert any(
        arguments.startswith("--from=launcher /opt/google/dataflow/") for arguments in copies
    )
    assert lines[-1] == ("ENTRYPOINT", '["/opt/apache/beam/boot"]')


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)
def test_an_image_has_this_package_the_weights_and_the_launcher(image: Path) -> None:
    lines = instructions(image)
    copies = [
        arguments for name, arguments in lines if name == "COPY" and "--from" not in arguments
    ]
    sources = {source for arguments in copies for source in arguments.split()[:-1]}
    assert {"setup.py", "README.md", "beam_bert.py", "pipeline", "transforms"} <= sources
    assert all((ROOT / source).exists() for source in sources)
    settings = dict(
        pair.split("=", 1)
        for name, arguments in lines
        if name == "ENV"
        for pair in arguments.split()
    )
    assert f"deploy/dataflow/launch.py {settings['FLEX_TEMPLATE_PYTHON_PY_FILE']}" in copies
    # The build imports the default model to the folder where every process expects it.
    assert settings["BEAM_BERT_CACHE"].startswith("/")
    runs = [arguments for name, arguments in lines if name == "RUN"]
    assert runs[-1] == "beam-bert inspect-model minilm"
    order = [name for name, arguments in lines if name == "ENV" or arguments == runs[-1]]
    assert order[0] == "ENV"


def test_only_the_gpu_image_has_cuda_and_no_openvino() -> None:
    cpu, gpu = (" ".join(arguments for _, arguments in instructions(image)) for image in IMAGES)
    assert "LD_LIBRARY_PATH=/usr/local/nvidia/lib64" in gpu
    assert "deploy.packages.install gcp,gpu,report" in gpu
    assert "cuda" not in cpu
    assert "deploy.packages.install cpu,gcp,report" in cpu


def test_tensorflow_names_the_cuda_that_it_was_built_with() -> None:
    """Check the packages of the extra [gpu] for the installed version of TensorFlow."""
    import tensorflow as tf

    extra = [need for need in map(Requirement, _needs("beam-bert")) if "gpu" in str(need.marker)]
    assert [(need.name, need.extras) for need in extra] == [("tensorflow", {"and-cuda"})]
    major = tf.sysconfig.get_build_info()["cuda_version"].split(".")[0]
    cuda = [
        need for need in _needs("tensorflow") if "and-cuda" in need and need.startswith("nvidia-")
    ]
    assert any(need.startswith("nvidia-cudnn") for need in cuda)
    assert all(f"-cu{major}" in need for need in cuda)


def _needs(package: str) -> list[str]:
    return importlib.metadata.requires(package) or []


def test_parameters_of_the_template_are_flags() -> None:
    template = json.loads((FOLDER / "metadata.json").read_text("utf-8"))
    assert template["name"] == "beam-bert"
    parameters = template["parameters"]
    known = beam_flags.known_flags() | {row.option for row in flags.FLAGS}
    for parameter in parameters:
        assert f"--{parameter['name']}" in known
        assert parameter["label"]
        assert parameter["helpText"]
        assert set(parameter) <= {"name", "label", "helpText", "isOptional", "regexes"}
        for pattern in parameter.get("regexes", ()):
            re.compile(pattern)
    required = {one["name"] for one in parameters if not one.get("isOptional")}
    assert required == {"input", "output", "sdk_container_image"}


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        ("input", "gs://my-bucket/corpus/*.jsonl", "/home/me/corpus"),
        ("output", "gs://my-bucket/out", "gs://my-bucket"),
        ("model", "minilm", "/models/bert"),
        ("engine", "tensorflow", "torch"),
    ],
)
def test_the_template_refuses_values_that_cannot_work(
    name: str, accepted: str, refused: str
) -> None:
    parameters = json.loads((FOLDER / "metadata.json").read_text("utf-8"))["parameters"]
    (pattern,) = next(one["regexes"] for one in parameters if one["name"] == name)
    assert re.fullmatch(pattern, accepted)
    assert not re.fullmatch(pattern, refused)
