"""The files of exact versions: they satisfy setup.py, and name every package that is installed."""

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.packages import constrain, install, project
from tests.dockerfiles import instructions
from tests.paths import ROOT
from transforms.checkpoints import minilm

PYTHONS = project.supported_pythons()
IMAGES = [ROOT / "Dockerfile", *sorted((ROOT / "deploy/dataflow").glob("*Dockerfile"))]


def versions(python: str) -> dict[str, str]:
    lines = project.pinned_lines(project.constraints(python))
    return {name: re.match(r"[^=]+==(\S+)", line)[1] for name, line in lines.items()}


def required(requirements: list[str], extra: str, python: str) -> list[Requirement]:
    """Return the requirements that apply to an extra, "" for none, on a version of Python."""
    parsed = map(Requirement, requirements)
    where = {"extra": extra, "python_version": python, "python_full_version": f"{python}.0"}
    return [one for one in parsed if one.marker is None or one.marker.evaluate(where)]


def test_every_supported_python_has_a_file_and_no_other_has() -> None:
    assert PYTHONS == ["3.11", "3.12", "3.13"]
    files = {project.constraints(python) for python in PYTHONS}
    assert set((ROOT / "deploy/packages").glob("*.txt")) == files


@pytest.mark.parametrize("python", PYTHONS)
def test_the_exact_versions_are_in_the_ranges_of_setup_py(python: str) -> None:
    pinned = versions(python)
    wanted = [*project.requirements(project.all_extras()), *constrain.INSTALLERS, minilm.PACKAGE]
    for requirement in required(wanted, "", python):
        name = canonicalize_name(requirement.name)
        assert pinned[name] in requirement.specifier, f"{requirement}: {pinned[name]}"


def test_every_package_that_the_extras_install_is_named() -> None:
    """Follow the metadata of the installed packages; those of extras that are missing end it."""
    python = ".".join(map(str, sys.version_info[:2]))
    pinned, seen = versions(python), set()
    waiting = required(project.requirements(project.all_extras()), "", python)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        assert name in pinned
        for extra in {"", *requirement.extras} - {one for other, one in seen if other == name}:
            seen.add((name, extra))
            try:
                needs = importlib.metadata.requires(name) or []
            except importlib.metadata.PackageNotFoundError:
                continue
            waiting += required(needs, extra, python)
    assert len(seen) > 200


@pytest.mark.parametrize("python", PYTHONS)
def test_a_file_names_no_host_and_allows_few_packages_without_wheels(python: str) -> None:
    text = project.constraints(python).read_text("utf-8")
    assert "//" not in text
    options = re.findall(r"^--.*", text, re.MULTILINE)
    assert options[0] == "--only-binary :all:"
    names = [option.removeprefix("--no-binary ") for option in options[1:]]
    assert set(names) <= {"docopt", "google-apitools", "hdfs"}


def test_a_line_without_a_hash_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "constraints.txt"
    path.write_text("# comment\n--only-binary :all:\nsix==1.17.0 --hash=sha256:ab\n")
    assert project.pinned_lines(path) == {"six": "six==1.17.0 --hash=sha256:ab"}
    path.write_text("six==1.17.0\n")
    with pytest.raises(ValueError, match=r"no exact version with hashes: six==1\.17\.0"):
        project.pinned_lines(path)


def test_the_line_of_a_package_has_the_hashes_of_its_wheels_without_those_for_musl() -> None:
    def file(name: str, digest: str) -> dict[str, object]:
        return {"url": f"https://host/{name}", "hashes": {"sha256": digest}}

    package = {"name": "one", "version": "1.0"}
    wheels = [file("one-manylinux_2_28_x86_64.whl", "b"), file("one-any.whl", "a")]
    musl = file("one-1.0-cp311-cp311-musllinux_1_2_x86_64.whl", "c")
    expected = "one==1.0 --hash=sha256:a --hash=sha256:b\n"
    assert constrain.line_of({**package, "wheels": [*wheels, musl]}) == expected
    source = file("one-1.0.tar.gz", "d")
    assert constrain.line_of({**package, "sdist": source}) == "one==1.0 --hash=sha256:d\n"


def test_install_refuses_an_unknown_extra_and_a_python_without_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(install, "_pip", lambda *_: None)
    assert install.main(["cpu,gpus"]) == 2
    assert "setup.py has no extra 'gpus', but aws, " in capsys.readouterr().err
    monkeypatch.setattr(project, "constraints", lambda: tmp_path / "constraints-3.99.txt")
    assert install.main([]) == 2
    assert "constraints-3.99.txt is missing" in capsys.readouterr().err


def test_install_gives_every_file_to_pip_with_its_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(install, "_pip", lambda *words: calls.append(words))
    assert install.main(["cpu", "--editable"]) == 0
    installers, packages, ours, weights, check = calls
    assert {"--require-hashes"} <= set(installers) & set(weights)
    assert str(project.constraints()) in packages
    assert "--no-build-isolation" in packages
    assert any(word.startswith("openvino") for word in packages)
    assert ours[-2:] == ("--editable", str(ROOT))
    assert {"--no-deps", str(minilm.PACKAGE_FOLDER)} <= set(weights)
    assert check == ("check",)


@pytest.mark.parametrize("image", IMAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_images_install_exact_versions_of_known_extras(image: Path) -> None:
    runs = [arguments for name, arguments in instructions(image) if name == "RUN"]
    (command,) = [run for run in runs if "deploy.packages.install" in run]
    match = re.fullmatch(r"PIP_NO_CACHE_DIR=1 python -m deploy\.packages\.install (\S+)", command)
    assert project.requirements(match[1].split(","))
    assert not any("pip install" in run for run in runs)
    copied = " ".join(arguments for name, arguments in instructions(image) if name == "COPY")
    assert "deploy/packages deploy/packages" in copied


def test_the_installed_packages_fit_together() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
