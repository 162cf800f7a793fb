"""The whole job with texts of several fields."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import reader
from pipeline.errors import UsageError
from pipeline.options import conversion, resume_command
from pipeline.options.embed_config import EmbedConfig, InputConfig, Limits
from pipeline.verify.check_folder import VerifyConfig, verify
from tests.pipeline import corpus
from transforms.sources.base import ReadConfig

TEMPLATE = r"the {title}:\n{text} ({tags})"
ROWS: list[dict[str, Any]] = [
    {"id": "a", "title": "Cat", "text": "A dog sat on the mat.", "tags": ["dogs", "mat"]},
    {"id": "b", "title": "Dogs", "text": "Unable.", "tags": []},
    {"id": "none", "title": None, "text": "the cat", "tags": []},
    {"id": "c", "title": "", "text": "", "tags": ["a mat"]},
]


def embed(folder: Path, model: Path, **settings: Any) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    read = ReadConfig(text_template=TEMPLATE, id_field="id", **settings.pop("read", {}))
    config = {"input": InputConfig((str(path),), "auto", read), "limits": Limits(1.0)}
    corpus.embed([], folder / "out", model, **config | settings)
    return folder / "out"


def value_of(id_: str, field: int) -> bytes:
    (row,) = (row for row in ROWS if row["id"] == id_)
    value = [row["title"], row["text"], ", ".join(row["tags"])][field]
    return str(value).encode()


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["tfrecord", "parquet"])
def test_offsets_of_wordpieces_are_in_their_fields(
    format_: str, tiny_path: Path, tmp_path: Path
) -> None:
    settings = {"features": ("mean", "sequence_output"), "keep_tokens": True}
    out = embed(tmp_path, tiny_path, output_format=format_, **settings)
    found = list(reader.iterate_sequences(str(out)))
    assert [one.id for one in found] == ["a", "b", "c"]
    for one in found:
        assert one.tokens is not None
        assert one.token_fields is not None
        fields = np.asarray(one.token_fields)
        literal = [token for token, n in zip(one.tokens, fields, strict=True) if n < 0]
        assert [literal[0], literal[-1]] == ["[CLS]", "[SEP]"]
        assert "the" in literal
        tokens = zip(one.tokens, fields, np.asarray(one.offsets), strict=True)
        for token, field, (begin, end) in tokens:
            if field < 0:
                assert (begin, end) == (0, 0)
            elif token != "[UNK]":  # noqa: S105
                text = value_of(one.id, field)[begin:end].decode().lower()
                assert text == token.removeprefix("##")
    lines = [line for path in (out / "rejected").iterdir() for line in path.open()]
    (line,) = map(json.loads, lines)
    assert [line[name] for name in ("id", "reason")] == ["none", "wrong_type"]
    assert "'title'" in line["detail"]
    verdict = verify(VerifyConfig(str(out), sample=10))
    assert verdict.faults == ()
    assert verdict.sample is not None
    assert verdict.sample.documents == 3


def test_a_composed_text_has_the_vectors_of_the_text(tiny_path: Path, tmp_path: Path) -> None:
    composed = reader.load_embeddings(
        embed(tmp_path, tiny_path, read={"template_missing": "empty"}, features=("mean",))
    )
    lines = ["the Cat: A dog sat on the mat. (dogs, mat)", "the Dogs: Unable. ()"]
    lines += ["the : the cat ()", "the : (a mat)"]
    (tmp_path / "lines.txt").write_text("\n".join(lines))
    plain = [str(tmp_path / "lines.txt")]
    corpus.embed(plain, tmp_path / "plain", tiny_path, features=("mean",))
    expected = reader.load_embeddings(tmp_path / "plain")
    assert composed.ids == ["a", "b", "none", "c"]
    np.testing.assert_allclose(composed.vectors, expected.vectors, atol=1e-6)


def config_of(**settings: Any) -> EmbedConfig:
    values = {"input": ["a"], "output": "out", "engine": "tensorflow", **settings}
    return conversion.embed_config(conversion.settings_of(values))


def test_the_identity_has_a_template_in_one_line_and_only_if_there_is_one() -> None:
    config = config_of(text_template="{a}\n\t{b}\\", template_missing="empty")
    identity = config.identity()
    assert identity["--text_template"] == r"{a}\n\t{b}\\"
    assert identity["--template_missing"] == "empty"
    assert conversion.from_identity(identity, "out").input == config.input
    assert not {"--text_template", "--template_missing"} & set(config_of().identity())
    command = resume_command.command_of(config)
    assert command[command.index("--text_template") + 1] == r"{a}\n\t{b}\\"


def test_windows_of_composed_texts_have_the_place_of_each_field() -> None:
    config = config_of(rows="windows", text_template="{title} {text}", repeat_fields="title")
    names = [field.partition(":")[0] for field in config.records.keep_fields]
    assert names[3:] == [
        *("window_start", "window_end"),
        *("title_start", "title_end", "text_start", "text_end"),
    ]
    identity = config.identity()
    assert identity["--repeat_fields"] == ["title"]
    assert conversion.from_identity(identity, "out").rows == config.rows
    assert "--repeat_fields" not in config_of(rows="windows").identity()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"keep_fields": "title_start"}, "has 'title_start', which records have of `rows`"),
        ({"text_b_field": "b"}, "each window of a pair has the whole first text"),
        ({"text_template": "{title} {text}."}, "no space is behind {text}"),
    ],
)
def test_settings_that_windows_of_composed_texts_cannot_have_are_refused(
    settings: dict[str, str], problem: str
) -> None:
    given = {"rows": "windows", "repeat_fields": "title", "text_template": "{title} {text}"}
    with pytest.raises(UsageError, match=re.escape(problem)):
        config_of(**given | settings)
