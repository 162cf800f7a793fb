"""Every block of bash or Python in docs/ is run, page by page, as its reader would run it.

`beam-bert` runs in this process, for importing TensorFlow takes longer than most of the commands. A
block of ```text has lines that the block before it prints; what cannot be run here is ```console.
"""

import contextlib
import io
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pipeline import cli
from tests import engine_memo

ROOT = Path(__file__).parents[1]
BLOCKS = re.compile(r"^```(bash|python|text|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if BLOCKS.search(page.read_text())]
# What only a shell understands.
SHELL = re.compile(r"[|<>$;&]|^(?!beam-bert )")


@pytest.fixture(scope="module", autouse=True)
def _remembered_vectors(_analyses: Path) -> Iterator[None]:
    with engine_memo.remembered(_analyses):
        yield


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ./run_local.sh leaves."""
    folder = tmp_path_factory.mktemp("local")
    (command,) = re.findall(
        r"set -- (--input .*?) --output", (ROOT / "run_local.sh").read_text(), re.S
    )
    arguments = shlex.split(command.replace("\\\n", " ").replace("samples/", f"{ROOT}/samples/"))
    with contextlib.redirect_stdout(io.StringIO()):
        assert cli.main(["embed", *arguments, "--output", str(folder / "output")]) == 0
    return folder / "output"


@pytest.fixture
def place(tmp_path: Path, output: Path, environment: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the samples, and with what ./run_local.sh left."""
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    shutil.copytree(output, tmp_path / "output")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{environment}/bin:/usr/bin:/bin")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
@pytest.mark.usefixtures("place")
def test_the_blocks_of_a_page_run(page: Path) -> None:
    printed = ""
    for language, text in BLOCKS.findall(page.read_text("utf-8")):
        if language == "bash":
            printed = "".join(map(run, commands(text)))
        elif language == "python":
            stream = io.StringIO()
            with contextlib.redirect_stdout(stream):
                exec(compile(text, page.name, "exec"), {"__name__": "__main__"})  # noqa: S102
            printed = stream.getvalue()
        elif language == "yaml":
            assert text.startswith("# "), f"{page.name}: the first line must name the file"
            assert yaml.safe_load(text), page.name
            Path(text.partition("\n")[0].removeprefix("# ")).write_text(text)
        else:
            for line in text.splitlines():
                assert line in printed.splitlines(), f"{page.name}: {line!r} is not in {printed}"


def commands(text: str) -> list[str]:
    lines = text.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def run(command: str) -> str:
    if SHELL.search(command):
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", command],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout
    # Some commands write bytes.
    content = io.BytesIO()
    stream = io.TextIOWrapper(content, "utf-8", write_through=True)
    with contextlib.redirect_stdout(stream):
        status = cli.main(shlex.split(command)[1:])
    printed = content.getvalue().decode()
    assert status == 0, f"{command}\n{printed}"
    return printed


def test_nothing_is_passed_over_but_what_says_so() -> None:
    for page in (ROOT / "docs").glob("*.md"):
        fences = re.findall(r"^```(.*)$", page.read_text("utf-8"), re.MULTILINE)[::2]
        assert set(fences) <= {"bash", "python", "text", "yaml", "console", ""}, page.name


def test_no_program_of_a_block_is_ended_by_the_next_one_of_its_pipe() -> None:
    # `head` closes its input early: whether SIGPIPE ends the other program is a matter of luck.
    for page in PAGES:
        for language, text in BLOCKS.findall(page.read_text("utf-8")):
            if language == "bash":
                assert not re.search(r"\|\s*(head|grep\s+-q)\b", text), page.name
