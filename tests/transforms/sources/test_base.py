import pytest

from transforms.sources import base
from transforms.sources.base import ReadConfig


def test_formats_are_found_by_their_files_names() -> None:
    assert base.names() == ["jsonl", "text"]
    assert base.find("text").extensions == (".txt", ".text")
    with pytest.raises(ValueError, match="no input format 'lines'; there are jsonl, text"):
        base.find("lines")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b.txt", ("text", "none")),
        ("a/b.TXT.GZ", ("text", "gzip")),
        ("b.ndjson", ("jsonl", "none")),
        ("gs://x/b.json.gz", ("jsonl", "gzip")),
        ("b.log", ("text", "none")),
    ],
)
def test_a_files_name_tells_format_and_compression(path: str, expected: tuple) -> None:
    assert base.detect(path) == expected


def test_configurations_that_mean_nothing_are_refused() -> None:
    for settings, flag in (
        ({"part_bytes": 10}, "--part_bytes"),
        ({"text_b_field": ""}, "--text_b_field is empty; leave it out"),
        ({"pair_separator": ""}, "--pair_separator is empty; leave it out"),
        ({"pair_separator": "|", "text_b_field": "b"}, "both make pairs; give one"),
        ({"text_field": ""}, "--text_field"),
        ({"keep_fields": ("a", "a")}, "--keep_fields"),
    ):
        with pytest.raises(ValueError, match=flag):
            ReadConfig(**settings)


@pytest.mark.parametrize("name", base.names())
def test_every_ending_of_a_format_is_told_from_the_files_name(name: str) -> None:
    for ending in base.find(name).extensions:
        assert base.detect(f"some.where/b{ending}") == (name, "none")
        assert base.detect(f"some.where/b{ending.upper()}.gz") == (name, "gzip")


@pytest.mark.parametrize("path", ["", "x.jsonl/part-0", "x.jsonl.bak", ".gz", "txt"])
def test_what_has_no_known_ending_is_text(path: str) -> None:
    assert base.detect(path) == ("text", "gzip" if path == ".gz" else "none")


@pytest.mark.parametrize("name", ["", "lines", "base", "nope", "text.FORMAT"])
def test_what_is_no_format_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(ValueError, match=f"no input format '{name}'; there are jsonl, text"):
        base.find(name)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"part_bytes": 1023}, "--part_bytes is 1023; give 1024 to 1073741824"),
        ({"part_bytes": (1 << 30) + 1}, "--part_bytes is 1073741825; give 1024 to"),
        ({"pair_separator": "a\nb"}, "--pair_separator has a line's end"),
        ({"text_b_field": ""}, "--text_b_field is empty; leave it out"),
        ({"pair_separator": ""}, "--pair_separator is empty; leave it out"),
        ({"pair_separator": "|", "text_b_field": "b"}, "both make pairs; give one"),
        ({"text_field": ""}, "--text_field is empty; name the field that holds the text"),
        ({"keep_fields": ("a", "b", "a")}, "--keep_fields names a field twice; name each once"),
    ],
)
def test_a_refused_configuration_is_told_its_remedy(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ReadConfig(**settings)
    assert ReadConfig(part_bytes=1024, keep_fields=("a", "b")).part_bytes == 1024
