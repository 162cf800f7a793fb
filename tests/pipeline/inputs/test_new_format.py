"""A new input format is one file: planning, sampling and reading find it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.inputs import field_types, plan
from pipeline.options.embed_config import InputConfig
from tests.plug_in_folders import forget
from transforms import sources
from transforms.groups.read_split import read_unchanged
from transforms.sources import base
from transforms.sources.base import ReadConfig

# Paragraphs that are separated by blank lines; magic bytes come first.
PARAGRAPHS = '''
"""Paragraphs of text."""

from transforms.documents import Split
from transforms.sources import record_fields
from transforms.sources.base import Format, ReadPart
from transforms.sources.record_fields import Record


class ParagraphsFormat(Format):
    endings = (".paragraphs",)

    def check(self, config):
        record_fields.check_no_separator(config)

    def cut(self, source, open_, config):
        return [Split(source, 0, None)]

    def has_magic(self, head):
        return head.startswith(b"%PARAGRAPHS")

    def read(self, split, stream, config):
        _, *texts = stream.read(1 << 20).decode().split("\\n\\n")
        records = [Record(text=text) for text in texts]
        numbers = list(range(len(texts)))
        batch = record_fields.to_documents(records, numbers, split.source.path, config)
        yield ReadPart(0, len(texts), True, batch)


FORMAT = ParagraphsFormat()
'''


@pytest.fixture
def paragraphs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    package = tmp_path / "package"
    package.mkdir()
    (package / "paragraphs.py").write_text(PARAGRAPHS)
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(package)])
    forget(base.registry, monkeypatch)
    yield
    sys.modules.pop("transforms.sources.paragraphs", None)


@pytest.mark.usefixtures("paragraphs")
@pytest.mark.parametrize(
    ("name", "format_"), [("a.paragraphs", "auto"), ("a", "auto"), ("a.bin", "paragraphs")]
)
def test_a_new_format_is_planned_and_read(name: str, format_: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("%PARAGRAPHS\n\none\ntwo\n\nthree")
    config = InputConfig((str(path),), format_, ReadConfig())
    (split,) = plan.make_plan(config)
    assert split.source.format == "paragraphs"
    assert field_types.with_types(config, [split]) == config
    (part,) = read_unchanged(split, config.read, "run")
    assert part.column("text").to_pylist() == [b"one\ntwo", b"three"]
    assert part.column("id").to_pylist() == [f"{path}:0", f"{path}:1"]
