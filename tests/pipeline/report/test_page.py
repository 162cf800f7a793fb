import dataclasses
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline import cli, reader
from pipeline import report as report_package
from pipeline.report import facts, page, stored_vectors, take_sample
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
def test_a_projection_never_lengthens_distances(original: np.ndarray) -> None:
    points, shares = project(original)
    assert points.shape == (8, 2)
    assert np.isfinite(points).all()
    assert -1e-9 <= shares[1] <= shares[0] + 1e-9 <= 1 + 1e-6
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-4)
    lengths = np.linalg.norm(original.astype(np.float64), axis=1, keepdims=True)
    unit = original / np.where(lengths > 0, lengths, 1)
    flat = np.linalg.norm(points[:, None] - points[None], axis=2)
    whole = np.linalg.norm(unit[:, None] - unit[None], axis=2)
    assert (flat <= whole + 1e-4).all()
    if original.shape[1] <= 2:
        np.testing.assert_allclose(flat, whole, atol=1e-4)
    again, _ = project(original.copy())
    np.testing.assert_array_equal(again, points)


@pytest.mark.slow
def test_a_sample_has_the_texts_and_vectors_of_its_documents(drawn: Path) -> None:
    report = facts.gather(str(drawn))
    sample = report.sample
    embeddings = reader.load_embeddings(str(drawn), "mean")
    assert sample.ids == tuple(embeddings.ids)
    np.testing.assert_array_equal(sample.vectors, embeddings.vectors)
    assert sample.feature == "mean"
    place = sample.ids.index("plain 3")
    assert sample.words[place] == corpus.sentence(3)
    assert sample.kept["group"][place] == HOSTILE[1]
    assert len(report.rejected) == 2
    assert (report.counts["embedded"], report.counts["rejected"]) == (298, 2)


@given(st.lists(st.integers(0, 20000), max_size=100), st.integers(1, 120))
def test_a_sample_is_as_large_as_allowed_and_evenly_spread(
    counts: list[int], max_parts: int
) -> None:
    chosen = take_sample.choose_rows(counts, max_parts)
    filled = [number for number, count in enumerate(counts) if count]
    assert len(chosen) <= max_parts
    assert sum(map(len, chosen.values())) <= take_sample.MAX_DOCUMENTS
    assert bool(chosen) == bool(filled)
    for number, rows in chosen.items():
        assert 0 <= rows[0] <= rows[-1] < counts[number]
        assert (np.diff(rows) > 0).all()
    if len(filled) > max_parts:
        return
    total = sum(counts)
    number = min(total, take_sample.MAX_DOCUMENTS)
    assert sum(map(len, chosen.values())) == number
    # The documents are at equal distances over all parts.
    befores = np.cumsum([0, *counts])
    places = [befores[part] + row for part, rows in chosen.items() for row in rows]
    assert places == [place * total // number for place in range(number)]
    for part, count in enumerate(counts):
        assert abs(len(chosen.get(part, ())) - number * count / max(1, total)) < 1


@pytest.mark.parametrize(
    ("counts", "number"), [([1] * 500, 500), ([20] * 2000, 5000), ([3] * 4000, 3000), ([9], 9)]
)
def test_many_small_parts_give_a_large_sample(counts: list[int], number: int) -> None:
    assert sum(map(len, take_sample.choose_rows(counts, take_sample.MAX_PARTS).values())) == number


def test_few_large_parts_are_read() -> None:
    def parts(number: int, size: int) -> list[Receipt]:
        files = (WrittenFile("pooled/a", 1, size, ""),)
        return [dataclasses.replace(made(n), files=files) for n in range(number)]

    assert take_sample._max_parts(parts(2000, 1 << 10)) == take_sample.MAX_PARTS
    assert take_sample._max_parts(parts(2000, 1 << 22)) == 256
    assert take_sample._max_parts(parts(2, 1 << 40)) == 40


def test_a_part_read_in_batches_gives_the_same_sample(
    drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = facts.gather(str(drawn)).sample
    monkeypatch.setattr(stored_vectors, "_BATCH_BYTES", 4 * 16 * 3)
    batches = facts.gather(str(drawn)).sample
    np.testing.assert_array_equal(batches.vectors, whole.vectors)
    assert (batches.ids, batches.words, batches.kept) == (whole.ids, whole.words, whole.kept)


def test_the_page_has_the_counts_and_no_hostile_script(drawn: Path) -> None:
    text = page.render(facts.gather(str(drawn)))
    head, _, rest = text.partition("<script")
    assert "Content-Security-Policy" in head
    assert "default-src &#39;none&#39;" in head
    points = re.findall(r'<use href="#s(\d)" class="c(\d)" x="([\d.]+)%" y="([\d.]+)%"', head)
    assert len(points) == 298
    assert {(symbol, color) for symbol, color, _, _ in points} == {("0", "0"), ("1", "1")}
    assert all(0 < float(x) < 100 and 0 < float(y) < 100 for _, _, x, y in points)
    assert set(re.findall(r'id="plot-(\w+)"', head)) == {
        *("map", "lengths", "speed", "stages", "unknown", "reasons")
    }
    # Ids, words and fields of an attacker stay text.
    assert not re.search(r"<(img|b>bold|a )|<script>alert", text)
    assert rest.count("<script") == 0
    assert "298 embedded" in text
    assert "Command to run the job again" in text
    assert "run fingerprint" in text


@pytest.mark.slow
def test_embed_draws_once_and_verify_accepts_the_report(
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

    # The map of token vectors shows their means.
    assert cli.main([*command, "sequence_output", "--overwrite"]) == 0
    assert "by mean of sequence_output" in report.read_text()
    monkeypatch.delattr(report_package, "page")
    monkeypatch.setitem(sys.modules, "pipeline.report.page", None)
    report.unlink()
    capsys.readouterr()
    assert cli.main([*command, "sequence_output"]) == 0
    output = capsys.readouterr()
    assert "nothing left to do" in output.out
    assert "no report.html was drawn: report needs the packages of the extra" in output.err
    assert cli.main(["report", str(out)]) == 2
    assert 'pip install "beam-bert[report]"' in capsys.readouterr().err


@pytest.mark.slow
def test_jobs_with_few_documents_are_drawn_and_damaged_folders_are_errors(
    tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("\n \n")
    out = tmp_path / "out"
    command = ["embed", "--input", str(tmp_path / "a.txt"), "--output", str(out)]
    command += ["--model", str(tiny_path), "--max_seq_length", "8", "--max_rejected"]
    # The report is written even if too many documents are rejected.
    assert cli.main([*command, "0.5"]) == 1
    (out / "report.html").unlink()
    command.append("1")
    assert cli.main(command) == 0
    assert "Rejected by reason" in (out / "report.html").read_text()
    # Without vectors there is an error, and no file for the projector.
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
    assert "A map needs at least two embedded documents." in text
    # Without the source, the manifest and some receipts the rest is shown.
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
    assert "is not an output folder of embed" in capsys.readouterr().err
