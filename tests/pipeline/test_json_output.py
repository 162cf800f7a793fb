"""`--json`: strict JSON with the documented keys, and the figures of the text."""

import datetime
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import cli, reader, result, status
from pipeline.console import json_output, record_fields
from pipeline.estimate import forecast_text
from pipeline.estimate.forecast import Forecast
from pipeline.estimate.pricing import MachineConfig
from pipeline.evaluation.ranking import RankingFigures
from pipeline.evaluation.similarity import SimilarityFigures
from pipeline.output import job_progress, plan_file, run_file
from pipeline.result import Summary
from pipeline.search import hit_text
from pipeline.search.query_file import QueryText
from pipeline.search.searcher import Hit
from pipeline.verify import check_folder
from pipeline.verify.verdict import SampleResult, Verdict
from tests.paths import ROOT
from tests.pipeline import corpus
from transforms.bert.agreement import CosineAgreement

PAGE = (ROOT / "docs/json-output.md").read_text("utf-8")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


def refuse(word: str) -> None:
    raise AssertionError(f"{word} is not JSON")


def strict(text: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return value


def documented(command: str) -> set[str]:
    """Return the keys in the first column of the table of a command."""
    section = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (text,) = (one for one in section if one.startswith(f"{command}\n"))
    rows = re.findall(r"^\| (`.*?) \|", text, flags=re.MULTILINE)
    return {key for row in rows for key in re.findall(r"`(\w+)`", row)}


def check(command: str, value: dict[str, Any], optional: frozenset[str] = frozenset()) -> None:
    assert (value.pop("version"), value.pop("command")) == (1, command)
    assert {*value} - optional == documented(command) - optional


def printed(command: list[str], capsys: pytest.CaptureFixture, expected: int = 0) -> str:
    assert cli.main(command) == expected
    captured = capsys.readouterr()
    assert captured.err == ""
    return str(captured.out)


@settings(max_examples=40)
@given(VALUES)
def test_every_value_becomes_strict_json_that_has_it(value: Any) -> None:
    text = json_output.to_json_line("head", {"value": value})
    assert "\n" not in text
    read = strict(text)["value"]
    assert read == json_output.plain(value)
    if isinstance(value, float) and math.isfinite(value):
        assert read == value


def test_status_prints_what_it_measures(finished: Path, capsys: pytest.CaptureFixture) -> None:
    value = strict(printed(["status", str(finished), "--json"], capsys))
    check("status", dict(value))
    counts, sizes = corpus.truth(finished)
    assert (value["counts"], value["bytes"]) == (counts, sizes)
    assert (value["documents"], value["rejected"], value["complete"]) == (244, 6, True)
    assert value["reasons"] == {
        "bad_json": 1,
        "empty": 2,
        "missing_field": 1,
        "not_utf8": 1,
        "wrong_type": 1,
    }
    assert value["tokens_per_second"] == status.measure(str(finished)).tokens_per_second
    assert set(value["seconds"]) >= {"read_seconds", "encode_seconds", "write_seconds"}


def test_verify_prints_all_faults(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    value = strict(printed(["verify", str(finished), "--json"], capsys))
    check("verify", dict(value))
    assert (value["faults"], value["pending"], value["complete"]) == ([], 0, True)
    assert value["records"] == {"pooled": 238, "sequence": 238, "rejected": 6}
    (tmp_path / "run.json").write_text((finished / "run.json").read_text())
    assert cli.main(["verify", str(tmp_path), "--json"]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_names_of_flags_in_paths_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    folder, fault = "`model`", "`model`/pooled/a: its `dtype` is wrong"
    verdict = Verdict(
        folder,
        1,
        0,
        0,
        0,
        {},
        (fault,),
        sample=SampleResult(faults=(fault,)),
        invalidated=(folder,),
    )
    monkeypatch.setattr(check_folder, "verify", lambda _: verdict)
    monkeypatch.chdir(tmp_path)
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "run.json").write_text("")
    assert cli.main(["verify", folder, "--json"]) == 1
    value = strict(capsys.readouterr().out)
    assert (value["folder"], value["invalidated"]) == (folder, [folder])
    named = ["`model`/pooled/a: its --dtype is wrong"]
    assert value["faults"] == value["sample"]["faults"] == named
    assert cli.main(["verify", folder]) == 1
    printed_ = capsys.readouterr().out
    assert f"1 fault: {folder}\n" in printed_
    assert named[0] in printed_


def test_head_prints_whole_vectors(finished: Path, capsys: pytest.CaptureFixture) -> None:
    lines = printed(["head", str(finished), "-n", "2", "--json"], capsys).splitlines()
    pooled, *_, sequence = map(strict, lines)
    assert len(lines) == 4
    check("head", dict(pooled))
    check("head", {key: sequence[key] for key in sequence if key != "input_ids"})
    ids, vectors = reader.load_embeddings(finished)
    assert pooled["id"] == ids[0]
    np.testing.assert_array_equal(pooled["vectors"]["pooled_output"], vectors[0].tolist())
    assert (pooled["fields"], pooled["truncated"]) == ({"k": []}, False)
    stored = list(reader.iterate_sequences(finished))[1]
    assert (sequence["family"], sequence["id"]) == ("sequence", stored.id)
    assert sequence["input_ids"] == stored.input_ids.tolist()
    np.testing.assert_array_equal(sequence["vectors"]["sequence_output"], stored.vectors.tolist())


def test_hits_and_figures_have_the_documented_keys() -> None:
    seen = datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC)
    nested = {"days": [seen.date(), None]}
    hit = Hit("a", 0.5, {"k": None, "blob": b"\xff", "seen": seen, "nested": nested})
    value = strict(
        json_output.to_json_line("search", hit_text.to_fields(QueryText("q", "the cat", ""), [hit]))
    )
    (first,) = value["hits"]
    check("search", value)
    fields = {"k": None, "blob": {"base64": "/w=="}, "seen": "2024-01-02T00:00:00+00:00"}
    fields["nested"] = {"days": ["2024-01-02", None]}
    assert first == {"rank": 1, "score": 0.5, "id": "a", "fields": fields}
    of_model = {"version": 1, "command": "evaluate", "folder": "", "feature": "", "prompt": ""}
    ranking = json_output.plain(RankingFigures(1, 2, {"nDCG@10": 0.5}, 0, 0, 0, 0))
    pairs = json_output.plain(SimilarityFigures(2, math.nan, 1.0))
    assert pairs["spearman"] is None
    check("evaluate", of_model | ranking, optional=frozenset(pairs))
    check("evaluate", of_model | pairs, optional=frozenset(ranking))


def test_load_prints_the_documented_keys(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    url = f"faiss:{tmp_path}/f.index"
    value = strict(printed(["load", str(finished), "--to", url, "--json"], capsys))
    assert (value["url"], value["loaded"], value["refused"]) == (url, corpus.EMBEDDED, {})
    assert value["rows"] == value["loaded"] + value["present"]
    check("load", value)


def test_bytes_that_are_no_text_are_base64() -> None:
    record = {"id": [b"\xff"], "num_tokens": [1], "num_wordpieces": [0], "num_unknown": [0]}
    record |= {"truncated": [1], "k": [b"\xe7\x8c\xab", b"\xff"], "n": np.array([3])}
    fields = json_output.plain(record_fields.of_record("pooled", record))
    assert fields["id"] == {"base64": "/w=="}
    assert fields["fields"] == {"k": ["猫", {"base64": "/w=="}], "n": [3]}
    assert fields["truncated"] is True


def test_inspect_model_prints_the_documented_keys(
    tiny_path: Path, capsys: pytest.CaptureFixture
) -> None:
    value = strict(printed(["inspect-model", str(tiny_path), "--json"], capsys))
    check("inspect-model", value, optional=frozenset({"no_sentence", "graph_computes_in"}))


def test_plan_has_the_figures_of_its_text() -> None:
    estimate = Forecast(
        files=1,
        splits=2,
        whole=False,
        unknown=(),
        counts={"documents": 10.4, "embedded": 9.6, "rejected": 0.8, "num_tokens": 1000.0},
        reasons={"empty": 0.8},
        bytes={"pooled": 99.7},
        positions_per_second=90.0,
        tokens_per_second=80.0,
        startup=5.0,
        seconds=15.0,
        parts_done=1,
        documents_done=5,
        seconds_left=9.0,
    )
    value = json_output.plain(forecast_text.to_fields(estimate, MachineConfig("m", 100.0, 3600.0)))
    check("plan", {"version": 1, "command": "plan", **value})
    assert value["counts"]["documents"] == 10
    assert value["bytes"] == {"pooled": 100}
    assert value["costs"]["machine"]["name"] == "m"
    assert value["costs"]["whole"]["price"] == pytest.approx(15.0)
    assert value["costs"]["left"]["hours"] < value["costs"]["whole"]["hours"]
    assert forecast_text.to_fields(estimate, None)["costs"] is None


def test_embed_has_the_counts_of_its_job(finished: Path) -> None:
    folder = str(finished)
    run = run_file.load_run(folder)
    assert run is not None
    progress = job_progress.load_progress(folder, plan_file.load_stored(folder).splits, run)
    summary = Summary(folder, progress, 2.5, 1, agreement=CosineAgreement(9, 0.97, 0.99, 1.0))
    value = json_output.plain(result.to_fields(summary))
    check("embed", {"version": 1, "command": "embed", **value})
    counts, sizes = corpus.truth(finished)
    assert (value["counts"], value["bytes"]) == (counts, sizes)
    assert value["precision"]["smallest_cosine"] == 0.97
    assert (value["parts"], value["parts_before"], value["nothing_left"]) == (
        *(len(progress.parts), 1),
        False,
    )
