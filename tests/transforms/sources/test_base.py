import re

import pytest

from transforms.sources import base
from transforms.sources.base import ReadConfig


def test_formats_have_the_names_of_their_modules() -> None:
    assert base.names() == ("csv", "files", "json", "jsonl", "parquet", "text", "tfrecord", "tsv")
    assert base.find("text").endings == (".txt", ".text")
    with pytest.raises(
        ValueError, match="no input format 'lines'; there are csv, files, json, jsonl"
    ):
        base.find("lines")


def test_configurations_without_meaning_are_refused() -> None:
    for settings, flag in (
        ({"part_bytes": 10}, "`part_bytes`"),
        ({"text_b_field": ""}, "`text_b_field` is empty; leave it out"),
        ({"pair_separator": ""}, "`pair_separator` is empty; leave it out"),
        ({"pair_separator": "|", "text_b_field": "b"}, "both make pairs; give one"),
        ({"text_field": ""}, "`text_field`"),
        ({"keep_fields": ("a", "a")}, "`keep_fields`"),
    ):
        with pytest.raises(ValueError, match=flag):
            ReadConfig(**settings)


@pytest.mark.parametrize("name", ["", "lines", "base", "nope", "text.FORMAT"])
def test_an_unknown_format_is_refused_with_the_known_names(name: str) -> None:
    with pytest.raises(ValueError, match=f"no input format '{name}'; there are csv, files"):
        base.find(name)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"part_bytes": 1023}, "`part_bytes` is 1023; give 1024 to 1073741824"),
        ({"part_bytes": (1 << 30) + 1}, "`part_bytes` is 1073741825; give 1024 to"),
        ({"pair_separator": "a\nb"}, "`pair_separator` contains a line end"),
        ({"text_b_field": ""}, "`text_b_field` is empty; leave it out"),
        ({"pair_separator": ""}, "`pair_separator` is empty; leave it out"),
        ({"pair_separator": "|", "text_b_field": "b"}, "both make pairs; give one"),
        ({"text_field": ""}, "`text_field` is empty; name the field with the text"),
        ({"keep_fields": ("a", "b", "a")}, "`keep_fields` names a field twice; name each once"),
    ],
)
def test_the_refusal_of_a_configuration_names_the_remedy(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ReadConfig(**settings)
    assert ReadConfig(part_bytes=1024, keep_fields=("a", "b")).part_bytes == 1024


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"text_template": "{a"}, "`text_template` '{a' has a lone {"),
        ({"text_template": "{a}", "text_field": "body"}, "`text_field` and `text_template`"),
        ({"text_template": "{a}", "pair_separator": "|"}, "`pair_separator` is for plain text"),
        ({"text_template": "{a}", "template_missing": "drop"}, "there are reject, empty"),
        ({"template_missing": "empty"}, "`template_missing` needs `text_template`"),
    ],
)
def test_templates_that_do_not_fit_are_refused(settings: dict[str, str], problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        ReadConfig(**settings)


def test_the_fields_of_a_template_are_those_that_records_need() -> None:
    config = ReadConfig(text_template="{a} {b}", id_field="id", text_b_field="c")
    assert config.fields == [
        ("text_template", "a"),
        ("text_template", "b"),
        ("text_b_field", "c"),
        ("id_field", "id"),
    ]
    assert not config.may_lack("text_template")
    lenient = ReadConfig(text_template="{a} {b}", template_missing="empty")
    assert lenient.may_lack("text_template")
    assert not lenient.may_lack("id_field")
