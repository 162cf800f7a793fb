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
        ({"text_field": ""}, "--text_field"),
        ({"keep_fields": ("a", "a")}, "--keep_fields"),
    ):
        with pytest.raises(ValueError, match=flag):
            ReadConfig(**settings)
