"""Each example of docs/pipelines.md is run, in this process."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from apache_beam.yaml import main as beam_yaml

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/pipelines.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def articles() -> list[dict]:
    text = (ROOT / "samples/articles.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


CHAIN = sorted(f"{article['id']} has 384 numbers" for article in articles())
PRINTED = {
    "BertEmbeddings": CHAIN,
    "What cannot be embedded": [
        "' ' empty field 'text' has no text",
        "Is it far? 6",
        "No, it is near. 8",
    ],
    "In windows": ["(0.0, 'Is it far?')", "(10.0, 'No, it is near.')"],
    "RunInference": ["answer (384,)", "question (384,)"],
    "Metrics": ["2 2 0"],
}


def written(folder: Path, name: str) -> list[dict]:
    texts = [path.read_text("utf-8") for path in folder.glob(f"{name}-*")]
    return [json.loads(line) for text in texts for line in text.splitlines()]


@pytest.mark.usefixtures("newcomer")
@pytest.mark.parametrize(
    ("block", "printed"), zip(blocks("python"), PRINTED.values(), strict=True), ids=PRINTED
)
def test_the_pages_pipelines_run(
    block: str, printed: list[str], capsys: pytest.CaptureFixture
) -> None:
    exec(compile(block, "docs/pipelines.md", "exec"), {"__name__": "__main__"})  # noqa: S102
    assert sorted(capsys.readouterr().out.splitlines()) == printed


def test_the_pages_yaml_runs_by_its_command(newcomer: Path) -> None:
    (spec,), (command,) = blocks("yaml"), blocks("bash")
    # Nothing of the samples is rejected.
    with (newcomer / "more.jsonl").open("w", encoding="utf-8") as file:
        for row in [*articles(), {**articles()[0], "id": "blank", "text": " "}]:
            file.write(f"{json.dumps(row)}\n")
    (newcomer / "pipeline.yaml").write_text(spec.replace("samples/articles.jsonl", "more.jsonl"))
    python, module_flag, module, *arguments = shlex.split(command)
    assert (python, module_flag, module) == ("python", "-m", beam_yaml.__name__)
    beam_yaml.run(arguments)
    vectors, rejected = written(newcomer, "vectors"), written(newcomer, "rejected")
    assert sorted(row["id"] for row in vectors) == sorted(row["id"] for row in articles())
    assert {len(row["mean"]) for row in vectors} == {384}
    (only,) = rejected
    assert (only["element"]["id"], only["reason"]) == ("blank", "empty")
