import json
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.commands import all_commands
from pipeline.errors import UsageError
from pipeline.options import conversion
from tests.pipeline import corpus


def parse(path: Path, text: str, *more: str) -> tuple:
    path.write_text(text)
    return all_commands()["embed"].parse_with_file(["--config", str(path), *more])


def test_the_command_line_goes_before_the_file(tmp_path: Path) -> None:
    text = """
# a comment
input: corpus/*.txt
output: out
features: [mean, cls]
--keep_fields: a,b
max_seq_length: 64
max_rejected: 1
keep_tokens: false
overwrite: true
runner: FlinkRunner
experiments: [one, two]
streaming: true
"""
    settings, left = parse(tmp_path / "run.yaml", text, "--max_seq_length", "32", "--direct_x=1")
    assert left == [
        *("--runner=FlinkRunner", "--experiments=one", "--experiments=two", "--streaming"),
        "--direct_x=1",
    ]
    assert settings["input"] == ["corpus/*.txt"]
    config = conversion.embed_config(settings)
    assert config.features == ("mean", "cls")
    assert config.input.read.keep_fields == ("a", "b")
    assert config.windows.max_seq_length == 32
    assert config.limits.rejected == 1
    assert (config.keep_tokens, config.overwrite) == (False, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_seq_length: many", "max_seq_length is 'many'; give a whole number"),
        ("max_seq_length: true", "max_seq_length is True; give a whole number"),
        ("overwrite: 1", "overwrite is 1; give true or false"),
        ("input: {a: b}", "input is {'a': 'b'}; give a list of texts"),
        ("model: [a]", r"model is \['a'\]; give text"),
        ("model: null", "model is None; give text"),
        ("log_level: loud", "log_level is 'loud'; there are debug"),
        ("input: a\ninput: b", "is not valid YAML: it has 'input' twice"),
        ("input: &a [b]\noutput: *a", "it has a reference"),
        ("- input", "write one line for each flag"),
        ("3: 4", "write one line for each flag"),
        ("", "write one line for each flag"),
        ("input: [", "is not valid YAML"),
        ("input: !!python/object/apply:os.system [ls]", "is not valid YAML"),
        ("nested: {a: 1}", "nested has a value that no flag can have"),
        ("x: " + "y" * (1 << 20), "has more than 1 MiB"),
    ],
)
def test_wrong_values_are_refused_by_file_and_key(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        parse(tmp_path / "run.yaml", text)
    assert str(tmp_path / "run.yaml") in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_mistyped_key_and_a_missing_file_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("input: a\noutput: b\nmax_seq_lenght: 3\n")
    assert cli.main(["embed", "--config", str(path)]) == 2
    assert "unknown flag --max_seq_lenght: did you mean --max_seq_length?" in (
        capsys.readouterr().err
    )
    assert cli.main(["embed", "--config", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml: cannot be read: No such file" in capsys.readouterr().err


def test_run_json_of_an_older_job_has_what_was_the_default_then(tmp_path: Path) -> None:
    words = ["--input", "a", "--output", "o", "--engine", "openvino", "--keep_fields", "k"]
    words += ["--features", "mean,sequence_output"]
    identity = conversion.embed_config(all_commands()["embed"].parse(words)).identity()
    older = {
        key: x for key, x in identity.items() if key not in ("--length_group", "--keep_fields_in")
    }
    assert len(older) == len(identity) - 2
    for configuration in (identity, older):
        text = json.dumps({"configuration": configuration, "model": {}})
        settings, left = parse(tmp_path / "run.json", text, "--output", "o")
        assert left == []
        assert conversion.embed_config(settings).identity() == configuration


@pytest.mark.slow
def test_run_json_continues_its_job(
    globs: list[str], tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    corpus.embed(
        globs, out, tiny_path, features=("mean",), output_format="parquet", dtype="float16"
    )
    more = ["--output", str(out), "--max_rejected", "0.1"]
    assert cli.main(["embed", "--config", str(out / "run.json"), *more]) == 0
    assert "nothing left to do" in capsys.readouterr().out
    identity = json.loads((out / "run.json").read_text())["configuration"]
    lines = [f"{key.lstrip('-')}: {json.dumps(value)}" for key, value in identity.items()]
    (tmp_path / "run.yaml").write_text("\n".join([*lines, f"model: {tiny_path}"]))
    assert cli.main(["embed", "--config", str(tmp_path / "run.yaml"), *more]) == 0
    assert "nothing left to do" in capsys.readouterr().out
    arguments = ["--config", str(out / "run.json"), *more, "--dtype", "float32"]
    assert cli.main(["embed", *arguments]) == 2
    assert "--dtype float16 there, float32 now" in capsys.readouterr().err
