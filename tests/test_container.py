"""The Dockerfile at the top of the project, as far as it can be checked without building it."""

import json
import re

from tests.dockerfiles import check_with_hadolint, instructions
from tests.paths import ROOT

DOCKERFILE = ROOT / "Dockerfile"


def values(name: str) -> list[str]:
    return [value for instruction, value in instructions(DOCKERFILE) if instruction == name]


def test_hadolint_reports_nothing() -> None:
    check_with_hadolint(DOCKERFILE)


def test_the_base_has_a_tag_and_the_user_is_not_root() -> None:
    (base,) = values("FROM")
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", base)
    (user,) = values("USER")
    assert int(user) > 0
    assert f"useradd --uid {user} " in values("RUN")[-1]
    assert json.loads(values("ENTRYPOINT")[0]) == ["beam-bert"]


def test_the_image_has_this_package_and_the_weights() -> None:
    sources = {source for value in values("COPY") for source in value.split()[:-1]}
    assert {"setup.py", "README.md", "beam_bert.py", "pipeline", "transforms"} <= sources
    allowed = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for source in sources:
        assert (ROOT / source).exists(), source
        assert f"!{source}" in allowed
    assert "beam-bert inspect-model minilm" in values("RUN")[-1]
