import os
import re
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.errors import UsageError
from pipeline.estimate import forecast
from pipeline.inputs import plan, sampling
from pipeline.options.embed_config import InputConfig
from pipeline.output import followed_plan
from tests.faulty_files import forbidden
from transforms.documents import Source, Split, header_of
from transforms.sources.base import ReadConfig


def config(*globs: object, **settings: object) -> InputConfig:
    format_ = settings.pop("format", "auto")
    read = ReadConfig(part_bytes=1024, **settings)
    return InputConfig(tuple(map(str, globs)), str(format_), read)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "b.txt").write_bytes(b"x" * 2500)
    (tmp_path / "a.jsonl").write_bytes(b"{}\n")
    (tmp_path / "c.jsonl.gz").write_bytes(b"\xffpacked")
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / ".hidden.txt").write_bytes(b"no")
    (tmp_path / "folder").mkdir()
    return tmp_path


def names_of(split: Split) -> list[str]:
    return [Path(file.path).name for file in split.files]


def test_a_folder_is_planned_in_order_of_names(corpus: Path) -> None:
    splits = plan.make_plan(config(corpus))
    assert [(Path(s.source.path).name, s.start, s.end) for s in splits] == [
        ("a.jsonl", 0, 3),
        ("b.txt", 0, 1024),
        ("b.txt", 1024, 2048),
        ("b.txt", 2048, 2500),
        ("c.jsonl.gz", 0, None),
    ]
    assert [s.source.format for s in splits] == ["jsonl", "text", "text", "text", "jsonl"]


def test_globs_keep_their_order_and_files_stand_once(corpus: Path) -> None:
    splits = plan.make_plan(config(corpus / "b.*", corpus / "*.jsonl", corpus / "b.txt"))
    assert [Path(s.source.path).name for s in splits] == ["b.txt"] * 3 + ["a.jsonl"]


def test_a_named_format_overrides_the_ending(corpus: Path) -> None:
    (split,) = plan.make_plan(config(corpus / "a.jsonl", format="text"))
    assert split.source.format == "text"


@pytest.mark.parametrize(
    ("glob", "settings", "message"),
    [
        ("nothing*", {}, "no file matches"),
        ("b.txt", {"text_b_field": "b"}, "`text_b_field` needs records"),
        ("a.jsonl", {"pair_separator": "|"}, "`pair_separator` is for plain text"),
        ("folder", {}, "no file matches"),
        ("empty.txt", {}, "every file is empty"),
        ("b.txt", {"id_field": "id"}, "`id_field` needs records with fields"),
        ("b.txt", {"keep_fields": ("a",)}, "`keep_fields` needs records with fields"),
    ],
)
def test_input_that_cannot_be_planned_is_refused(
    corpus: Path, glob: str, settings: dict, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        plan.make_plan(config(corpus / glob, **settings))


def test_what_a_file_without_a_known_ending_is_its_content_tells(tmp_path: Path) -> None:
    contents = {
        "a": (b"id,body\n1,a\n", "csv"),
        "b.dat": (b"id\tbody\n1\ta\n", "tsv"),
        "c": (b"id,other\n1,a\n", "text"),
        "d.txt": (b"id,body\n1,a\n", "text"),
    }
    for name, (content, _) in contents.items():
        (tmp_path / name).write_bytes(content)
    # Text that only its content shows to be text has no such field, and is left out.
    splits = plan.make_plan(config(tmp_path, text_field="body"))
    files = [file for split in splits for file in split.files]
    formats = {Path(file.path).name: file.format for file in files}
    assert formats == {n: format_ for n, (_, format_) in contents.items() if n != "c"}
    (split,) = plan.make_plan(config(tmp_path / "a", text_field="body", pair_separator=","))
    assert split.source.format == "text"


@pytest.mark.parametrize(
    ("name", "content", "settings", "message"),
    [
        (
            "a.bin",
            b"\1\2\r\n\0\0",
            {},
            r"a\.bin is not text \(it contains a NUL\), .*\n.*by a glob",
        ),
        *[
            (name, "a".encode("utf-16-le"), settings, "another encoding: `encoding` utf-16-le")
            for name in ("a", "a.txt", "a.jsonl", "a.csv", "a.tsv")
            for settings in ({}, {"format": "files"}, {"encoding": "utf-16-be"})
        ],
        *[
            (name, "a".encode("utf-16"), {}, f"{name} is in another encoding: `encoding` utf-16")
            for name in ("a", "a.txt", "a.jsonl", "a.csv", "a.tsv.zz")
        ],
        ("a.txt", b"caf\xe9\nna\xefve\n", {}, r"a\.txt is not UTF-8: `encoding` cp1252"),
        ("a.csv", b"text;n\na;1\n", {}, r"a\.csv has no column .*: `csv_delimiter` ';' reads it"),
        ("a.tsv", b'text\tn\n"a\tb"\t1\n', {}, r"a\.tsv: the row .*: `csv_quoting` minimal reads"),
        ("a.txt", b"a", {"csv_escape": "x"}, "--csv_escape is for csv and tsv, and the input has"),
        ("a.txt", b"caf\xe9", {"encoding": "utf-16"}, r"a\.txt: it is not in `encoding` utf-16"),
        *[
            (
                "a.jsonl",
                b"{}",
                {"format": name},
                rf"a\.jsonl does not begin as `input_format` {name}",
            )
            for name in ("parquet", "tfrecord")
        ],
    ],
)
def test_a_file_that_begins_as_what_it_is_not_is_refused(
    name: str, content: bytes, settings: dict, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=message):
        plan.make_plan(config(tmp_path, **settings))


def test_a_damaged_file_under_its_own_name_is_planned(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"damaged")
    (tmp_path / "b.txt").write_bytes(b"x" * 2000)
    assert len(plan.make_plan(config(tmp_path))) == 3


def test_of_a_file_that_cannot_be_read_nothing_is_guessed(corpus: Path) -> None:
    (corpus / "d").write_bytes(b'{"text": "a"}\n')
    (corpus / "e.csv").write_bytes(b"id,text\n1,a\n")
    whole = plan.make_plan(config(corpus))
    unread = [str(corpus / name) for name in ("b.txt", "d", "e.csv")]
    with forbidden(*unread):
        splits = plan.make_plan(config(corpus))
    lost = [split for split in splits if split.unread]
    assert [split for split in splits if not split.unread] == [
        split for split in whole[:-1] if split.source.path not in unread
    ]
    assert names_of(whole[-1]) == ["d", "e.csv"]
    assert [(split.source.path, split.unread[:28]) for split in lost] == [
        (path, "[Errno 13] Permission denied") for path in unread
    ]
    assert Split.from_json(splits[-1].to_json()) == splits[-1]
    assert not any(split.is_one_part for split in lost)
    assert followed_plan.follow(splits, whole, is_proven=True).splits == whole
    assert followed_plan.follow(whole, splits, is_proven=True).splits[:-2] == whole[:-1]
    with (
        forbidden(*unread),
        pytest.raises(UsageError, match=r"none of the files .*/d: .*denied"),
    ):
        plan.make_plan(config(*unread[1:]))


@pytest.mark.parametrize("format_", ["files", "auto"])
def test_a_small_file_that_cannot_be_read_costs_itself_alone(format_: str, tmp_path: Path) -> None:
    for name in ("a.txt", "b", "c.txt", "d.txt"):
        (tmp_path / name).write_bytes(b"x" * 9)
    settings = config(tmp_path, format=format_)
    (whole,) = plan.make_plan(settings)
    with forbidden(str(tmp_path / "b"), error=OSError(5, "Input/output error")):
        splits = plan.make_plan(settings)
    assert [names_of(split) for split in splits] == [["a.txt"], ["b"], ["c.txt", "d.txt"]]
    assert splits[1].unread == "[Errno 5] Input/output error"
    # Once it can be read, the parts of before stay, and it is read alone.
    later = followed_plan.follow([whole], splits, is_proven=True).splits
    assert [names_of(split) for split in later] == [["a.txt"], ["b"], ["c.txt", "d.txt"]]
    assert (later[0], later[2]) == (splits[0], splits[2])
    assert not later[1].unread
    # A job that began when it could be read goes on with its parts.
    assert followed_plan.follow(splits, [whole], is_proven=True).splits == [whole]


@pytest.mark.slow
@pytest.mark.parametrize("command", ["tokenize", "plan"])
def test_commands_name_a_file_that_cannot_be_read(
    command: str,
    tmp_path: Path,
    tiny_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(forecast, "measure_speed", lambda *_: 1e6)
    for name in ("a.txt", "b.csv"):
        (tmp_path / name).write_text("text\nthe cat\n")
    words = [command, "--input", str(tmp_path / "?.*"), "--model", str(tiny_path)]
    words += ["--max_seq_length", "8"]
    words += ["--output", str(tmp_path / "out")] if command == "plan" else []
    with forbidden(str(tmp_path / "b.csv")):
        assert cli.main(words) == 1
    output, errors = capsys.readouterr()
    assert output
    assert re.search(r"beam-bert:.*b\.csv.*Permission denied", errors)
    assert "Traceback" not in errors


def test_a_sample_leaves_out_what_cannot_be_read_and_takes_others(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{number:02}.txt") for number in range(30)]
    for path in paths:
        Path(path).write_text(path)
    settings = config(tmp_path)
    splits = plan.make_plan(settings)
    chosen = [split.source.path for split in sampling.choose(splits)]

    def sampled() -> list[str]:
        parts = sampling.read_parts(splits, settings.read)
        return [header_of(part).source for part in parts]

    assert sampled() == chosen
    with forbidden(*chosen[:3]):
        assert sampled() == chosen[3:]
    with forbidden(*chosen):
        others = sampled()
    assert len(others) == 8
    assert not set(others) & set(chosen)
    with forbidden(*paths), pytest.raises(OSError, match=r"none .* be read: .* cannot be opened"):
        sampled()


def test_flags_that_some_file_can_follow_are_taken(corpus: Path) -> None:
    assert plan.make_plan(config(corpus / "b.txt", corpus / "a.jsonl", id_field="id"))


def test_the_sample_is_bounded_and_spread() -> None:
    source = Source("a.txt", 10**9, "1", "text")
    splits = [Split(source, start, start + 10**6) for start in range(0, 10**8, 10**6)]
    chosen = sampling.choose(splits)
    assert len(chosen) == 8
    assert all(split.end - split.start == 64 << 10 for split in chosen)
    assert [split.start // 10**6 for split in chosen] == [0, 12, 25, 37, 50, 62, 75, 87]
    packed = Split(Source("a.gz", 9, "1", "text", "gzip"), 0, None)
    assert sampling.choose([packed]) == [Split(packed.source, 0, 64 << 10)]


def test_a_file_whose_name_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"n\xff.txt")).write_text("text")
    with pytest.raises(UsageError, match=r"the name of .*\\udcff.txt' is not UTF-8: rename it"):
        plan.make_plan(config(tmp_path))


def test_a_pipe_is_refused() -> None:
    with pytest.raises(UsageError, match="--input -: this command reads no pipe"):
        plan.make_plan(config("-"))


@pytest.mark.parametrize(
    "name", ["p[1].txt", "[!a].txt", "s*r.txt", "w?.txt", "back\\slash.txt", "a\nb \x1b'.txt"]
)
def test_a_name_that_is_there_is_taken_as_it_stands(name: str, tmp_path: Path) -> None:
    (tmp_path / "in[1]").mkdir()
    (tmp_path / "in[1]" / name).write_text("text")
    (tmp_path / "in[1]/p1.txt").write_text("text")
    (split,) = plan.make_plan(config(tmp_path / "in[1]" / name))
    assert split.source.path == str(tmp_path / "in[1]" / name)
    of_folder = plan.make_plan(config(tmp_path / "in[1]"))
    names = [name for split in of_folder for name in names_of(split)]
    assert sorted(names) == sorted([name, "p1.txt"])


def test_a_name_that_is_not_there_is_told_on_one_line() -> None:
    with pytest.raises(UsageError, match=r"--input no\\u000asuch: no file matches"):
        plan.make_plan(config("no\nsuch"))


def test_a_link_to_a_file_has_the_size_and_the_time_of_its_target(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "d.txt").write_text("text")
    (tmp_path / "in/linked.txt").symlink_to("../d.txt")
    (split,) = plan.make_plan(config(tmp_path / "in"))
    assert split.source.path == str(tmp_path / "in/linked.txt")
    stat = (tmp_path / "d.txt").stat()
    assert (split.source.size, split.source.version) == (4, repr(stat.st_mtime))


def test_many_files_are_cut_in_the_order_of_their_names(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number:03d}{['.txt', '.jsonl', ''][number % 3]}").write_text("{}\n")
    splits = plan.make_plan(config(tmp_path))
    assert len(splits) == 1
    paths = [file.path for split in splits for file in split.files]
    assert len(paths) == 300
    assert paths == sorted(paths)
