"""Where flags name fields, the plain text of folders and globs is left out, and said so."""

import json
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.inputs import plan
from pipeline.inputs.plan import InputPlan
from pipeline.options.embed_config import InputConfig
from transforms.sources.base import ReadConfig

FLAGS = [
    {"id_field": "id"},
    {"keep_fields": ("k",)},
    {"text_b_field": "id"},
    {"text_field": "id"},
    {"text_template": "{id}"},
]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for name in ("README.md", "LICENSE", "docs/notes.md", "docs/README.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("the cat\n")
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": "1", "text": "the cat"}))
    return tmp_path


def look(*paths: Path, format_: str = "auto", **settings: object) -> InputPlan:
    globs = tuple(map(str, paths))
    return plan.plan_input(InputConfig(globs, format_, ReadConfig(**settings)), None, {})


def names(planned: InputPlan) -> list[str]:
    return [Path(file.path).name for split in planned.splits for file in split.files]


@pytest.mark.parametrize("settings", FLAGS)
@pytest.mark.parametrize("glob", ["", "**"])
def test_files_without_records_are_named_and_not_read(
    settings: dict, glob: str, corpus: Path
) -> None:
    planned = look(corpus / glob, **settings)
    assert names(planned) == ["a.jsonl"]
    shown = ", ".join(str(corpus / name) for name in ("LICENSE", "README.md", "docs/README.txt"))
    (flag,) = settings
    what = f"4 files without records, which --{flag} needs"
    assert planned.left_out == (f"{what} ({shown} and 1 more)",)


@pytest.mark.parametrize("settings", FLAGS)
def test_an_input_without_records_is_refused(settings: dict, corpus: Path) -> None:
    (flag,) = settings
    for path, name in ((corpus / "LICENSE", "LICENSE"), (corpus / "docs", r"README\.txt")):
        with pytest.raises(UsageError, match=f"--input .*{name}: `{flag}` needs records"):
            look(path, **settings)


def test_a_file_without_records_that_is_named_is_read(corpus: Path) -> None:
    for paths in ([corpus, corpus / "LICENSE"], [corpus / "LICENSE", corpus]):
        planned = look(*paths, id_field="id")
        assert sorted(names(planned)) == ["LICENSE", "a.jsonl"]
        assert planned.left_out[0].startswith("3 files without records")


@pytest.mark.parametrize("settings", [{}, {"pair_separator": "|", "text_field": "id"}])
def test_without_such_flags_a_mix_is_read(settings: dict, corpus: Path) -> None:
    planned = look(corpus, **settings)
    assert names(planned) == ["LICENSE", "README.md", "a.jsonl", "README.txt", "notes.md"]
    assert planned.left_out == ()


def test_a_format_that_is_given_is_that_of_all_files(corpus: Path) -> None:
    assert len(names(look(corpus, format_="jsonl", id_field="id"))) == 5


def test_plain_text_keeps_the_keys_of_its_path(corpus: Path) -> None:
    (corpus / "lang=de").mkdir()
    (corpus / "lang=de/b").write_text("the cat\n")
    planned = look(corpus, keep_fields=("lang",))
    assert names(planned) == ["a.jsonl", "b"]
    assert "4 files without records, which --keep_fields needs" in planned.left_out[0]
    assert names(look(corpus / "lang=de/b", keep_fields=("lang",))) == ["b"]


def test_the_keys_of_a_path_are_named_where_another_is_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "lang=de" / "year=2024"
    folder.mkdir(parents=True)
    (folder / "a").write_text("the cat\n")
    with pytest.raises(UsageError, match=r"`keep_fields` needs records .* has lang, year$"):
        look(tmp_path, keep_fields=("language",))


def test_the_encoding_of_plain_text_that_is_left_out_does_not_matter(corpus: Path) -> None:
    (corpus / "NOTICE").write_bytes("caf\u00e9 and more\n".encode("cp1252"))
    (corpus / "README-2.txt").write_bytes("the cat\n".encode("utf-16"))
    assert names(look(corpus, id_field="id")) == ["a.jsonl"]
    # Its first bytes may hide records.
    (corpus / "wide").write_bytes("id,text\n1,the cat\n".encode("utf-16"))
    with pytest.raises(UsageError, match=r"wide is in another encoding|wide .*`encoding` utf-16"):
        look(corpus, id_field="id")


@pytest.mark.parametrize("settings", FLAGS)
def test_text_that_its_name_shows_to_be_a_corpus_is_read(settings: dict, corpus: Path) -> None:
    (corpus / "lines.txt").write_text("the cat\n")
    assert names(look(corpus, **settings)) == ["a.jsonl", "lines.txt"]
