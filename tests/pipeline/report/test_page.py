import dataclasses
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline import cli, reader
from pipeline import report as report_room
from pipeline.report import facts, page, sample
from pipeline.report.projection import project
from tests.pipeline import corpus
from tests.pipeline.report.conftest import HOSTILE
from tests.pipeline.report.receipts import made
from tests.pipeline.verify.damaging import check
from transforms.receipts import Receipt, WrittenFile

vectors = st.integers(1, 6).flatmap(
    lambda width: arrays(np.float32, (8, width), elements=st.floats(-100, 100, width=32))
)


@given(vectors)
@settings(deadline=None)
def test_a_projection_keeps_what_it_can_of_the_distances(found: np.ndarray) -> None:
    points, shares = project(found)
    assert points.shape == (8, 2)
    assert np.isfinite(points).all()
    assert -1e-9 <= shares[1] <= shares[0] + 1e-9 <= 1 + 1e-6
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-4)
    lengths = np.linalg.norm(found.astype(np.float64), axis=1, keepdims=True)
    unit = found / np.where(lengths > 0, lengths, 1)
    flat = np.linalg.norm(points[:, None] - points[None], axis=2)
    whole = np.linalg.norm(unit[:, None] - unit[None], axis=2)
    assert (flat <= whole + 1e-4).all()
    if found.shape[1] <= 2:
        np.testing.assert_allclose(flat, whole, atol=1e-4)
    again, _ = project(found.copy())
    np.testing.assert_array_equal(again, points)


def test_a_sample_has_the_documents_as_they_were_read_and_embedded(drawn: Path) -> None:
    found = facts.gather(str(drawn))
    taken = found.sample
    embeddings = reader.load_embeddings(str(drawn), "mean")
    assert taken.ids == tuple(embeddings.ids)
    np.testing.assert_array_equal(taken.vectors, embeddings.vectors)
    assert taken.feature == "mean"
    place = taken.ids.index("plain 3")
    assert taken.words[place] == corpus.sentence(3)
    assert taken.kept["group"][place] == HOSTILE[1]
    assert len(found.rejected) == 2
    assert (found.counts["embedded"], found.counts["rejected"]) == (298, 2)


@given(st.lists(st.integers(0, 20000), max_size=100), st.integers(1, 120))
def test_a_sample_is_as_large_as_it_may_be_and_evenly_spread(
    counts: list[int], most_parts: int
) -> None:
    chosen = sample.choose(counts, most_parts)
    filled = [number for number, count in enumerate(counts) if count]
    assert len(chosen) <= most_parts
    assert sum(map(len, chosen.values())) <= sample.MOST_DOCUMENTS
    assert bool(chosen) == bool(filled)
    for number, rows in chosen.items():
        assert 0 <= rows[0] <= rows[-1] < counts[number]
        assert (np.diff(rows) > 0).all()
    if len(filled) > most_parts:
        return
    total = sum(counts)
    number = min(total, sample.MOST_DOCUMENTS)
    assert sum(map(len, chosen.values())) == number
    # One after another, documents of all parts are taken at equal distances.
    befores = np.cumsum([0, *counts])
    places = [befores[part] + row for part, rows in chosen.items() for row in rows]
    assert places == [place * total // number for place in range(number)]
    for part, count in enumerate(counts):
        assert abs(len(chosen.get(part, ())) - number * count / max(1, total)) < 1


@pytest.mark.parametrize(
    ("counts", "number"), [([1] * 500, 500), ([20] * 2000, 5000), ([3] * 4000, 3000), ([9], 9)]
)
def test_many_small_parts_are_no_small_sample(counts: list[int], number: int) -> None:
    assert sum(map(len, sample.choose(counts).values())) == number


def test_of_large_parts_few_are_read() -> None:
    def parts(number: int, size: int) -> list[Receipt]:
        files = (WrittenFile("pooled/a", 1, size, ""),)
        return [dataclasses.replace(made(n), files=files) for n in range(number)]

    assert sample._parts_within(1 << 30, parts(2000, 1 << 10)) == sample.MOST_PARTS
    assert sample._parts_within(1 << 30, parts(2000, 1 << 22)) == 256
    assert sample._parts_within(1 << 30, parts(2, 1 << 40)) == 40


def test_a_part_read_in_pieces_is_the_same_sample(
    drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = facts.gather(str(drawn)).sample
    monkeypatch.setattr(sample, "_HELD_BYTES", 4 * 16 * 3)
    pieces = facts.gather(str(drawn)).sample
    np.testing.assert_array_equal(pieces.vectors, whole.vectors)
    assert (pieces.ids, pieces.words, pieces.kept) == (whole.ids, whole.words, whole.kept)


def test_the_page_holds_the_account_and_nothing_that_could_be_run(drawn: Path) -> None:
    text = page.render(facts.gather(str(drawn)))
    head, _, rest = text.partition("<script")
    assert "Content-Security-Policy" in head
    assert "default-src &#39;none&#39;" in head
    (palettes,) = re.findall(r'<script type="application/json" id="palettes">(.*?)</script>', text)
    assert {name: len(colours) for name, colours in json.loads(palettes).items()} == {
        "light": 8,
        "dark": 8,
    }
    (figures,) = re.findall(r'<script type="application/json" id="figures">(.*?)</script>', text)
    assert "<" not in figures
    told = json.loads(figures)
    assert set(told) == {"map", "lengths", "speed", "stages", "unknown", "reasons"}
    points = [trace["x"] for trace in told["map"]["data"]]
    assert sum(map(len, points)) == 298
    assert len(points) == 2  # a colour for each of the groups
    assert told["lengths"]["layout"]["shapes"][0]["x0"] == 8.5
    assert sum(told["lengths"]["data"][0]["y"]) == 298
    assert told["reasons"]["data"][0]["x"] == [1, 1]
    hovers = [hover for trace in told["map"]["data"] for hover in trace["hovertext"]]
    assert not [hover for hover in hovers if re.search(r"<(?!/?b>|br>)", hover)]
    assert "onerror=alert(1)>" not in head + rest.replace(figures, "")
    assert "298 embedded" in text
    assert "To run it again" in text
    assert "run&#39;s fingerprint" in text


def test_embed_draws_once_and_verify_does_not_mind(
    tiny_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "a.txt").write_text("the cat\nsat\n")
    out = tmp_path / "out"
    command = ["embed", "--input", str(tmp_path / "a.txt"), "--output", str(out)]
    command += ["--model", str(tiny_path), "--max_seq_length", "8", "--features"]
    assert cli.main([*command, "mean"]) == 0
    report = out / "report.html"
    before = report.stat().st_mtime_ns
    assert not (out / "tmp").exists()
    assert check(out).faults == ()
    assert cli.main([*command, "mean"]) == 0
    assert report.stat().st_mtime_ns == before
    report.unlink()
    assert cli.main(["report", str(out)]) == 0
    assert capsys.readouterr().out.endswith(f"{report}\n")

    # Only features of tokens: the map is of their means.
    assert cli.main([*command, "sequence_output", "--overwrite"]) == 0
    assert "by mean of sequence_output" in report.read_text()
    monkeypatch.delattr(report_room, "page")
    monkeypatch.setitem(sys.modules, "pipeline.report.page", None)
    report.unlink()
    capsys.readouterr()
    assert cli.main([*command, "sequence_output"]) == 0
    told = capsys.readouterr()
    assert "nothing left to do" in told.out
    assert "no report.html was drawn: report needs what the extra" in told.err
    assert cli.main(["report", str(out)]) == 2
    assert 'pip install "beam-bert[report]"' in capsys.readouterr().err


def test_jobs_with_little_in_them_are_drawn_and_others_told(
    tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("\n \n")
    out = tmp_path / "out"
    command = ["embed", "--input", str(tmp_path / "a.txt"), "--output", str(out)]
    command += ["--model", str(tiny_path), "--max_seq_length", "8", "--max_rejected"]
    # What was lost is shown all the more where it is too much.
    assert cli.main([*command, "0.5"]) == 1
    (out / "report.html").unlink()
    command.append("1")
    assert cli.main(command) == 0
    assert "Rejected by reason" in (out / "report.html").read_text()
    # The projector would be shown nothing: that is told, and nothing is written.
    capsys.readouterr()
    projector = tmp_path / "projector"
    assert cli.main(["report", str(out), "--projector", str(projector)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "no document is embedded" in line
    assert not projector.exists()
    (tmp_path / "a.txt").write_text("one document\n")
    assert cli.main([*command, "--overwrite"]) == 0
    text = (out / "report.html").read_text()
    assert ">complete<" in text
    assert 'id="plot-map"' not in text
    assert "A map takes at least two embedded documents." in text
    # Its source is gone, and its manifest and a receipt: what is there is shown.
    (tmp_path / "a.txt").unlink()
    assert cli.main(["report", str(out)]) == 0
    receipt = next((out / "receipts").iterdir())
    for path in (out / "manifest.json", receipt):
        path.rename(tmp_path / path.name)
    capsys.readouterr()
    assert cli.main(["report", str(out)]) == 2
    assert "no part is done yet" in capsys.readouterr().err
    (tmp_path / receipt.name).rename(receipt)
    next((out / "pooled").glob("*.tfrecord")).write_bytes(b"damaged")
    assert cli.main(["report", str(out)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert cli.main(["report", str(tmp_path)]) == 2
    assert "is no output folder of embed" in capsys.readouterr().err
