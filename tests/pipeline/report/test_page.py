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
from tests.pipeline.verifying.spoiling import check

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


@given(st.lists(st.integers(0, 20000), max_size=100))
def test_a_sample_is_bounded_and_spread(counts: list[int]) -> None:
    chosen = sample.choose(counts)
    assert sum(map(len, chosen.values())) <= sample.MOST_DOCUMENTS
    assert bool(chosen) == any(counts)
    for number, rows in chosen.items():
        assert 0 <= rows[0] <= rows[-1] < counts[number]
        assert (np.diff(rows) > 0).all()
    if 0 < sum(counts) <= 100 and len(counts) <= 40:
        assert sum(map(len, chosen.values())) == sum(counts)


def test_the_page_holds_the_account_and_nothing_that_could_be_run(drawn: Path) -> None:
    text = page.render(facts.gather(str(drawn)))
    head, _, rest = text.partition("<script")
    assert "Content-Security-Policy" in head
    assert "default-src &#39;none&#39;" in head
    (figures,) = re.findall(r'<script type="application/json" id="figures">(.*?)</script>', text)
    assert "<" not in figures
    told = json.loads(figures)
    assert set(told) == {"map", "lengths", "speed", "stages", "unknown", "reasons"}
    points = [trace["x"] for trace in told["map"]["data"]]
    assert sum(map(len, points)) == 298
    assert len(points) == 2  # a colour for each of the groups
    assert told["lengths"]["layout"]["shapes"][0]["x0"] == 8
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
    command += ["--model", str(tiny_path), "--max_seq_length", "8", "--max_rejected", "1"]
    assert cli.main(command) == 0
    assert "Rejected by reason" in (out / "report.html").read_text()
    (tmp_path / "a.txt").write_text("one document\n")
    assert cli.main([*command, "--overwrite"]) == 0
    text = (out / "report.html").read_text()
    assert ">complete<" in text
    assert 'id="plot-map"' not in text
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
