import dataclasses
from pathlib import Path

import pytest

from pipeline import job
from pipeline.errors import UsageError
from pipeline.estimate import choose_pieces, output_size, tokenized_sample
from pipeline.inputs import plan
from tests.pipeline import corpus
from transforms.batching.windows import WindowConfig
from transforms.bert.module import BertModule
from transforms.groups.grouping import split_of_file
from transforms.vector_widths import VectorWidths


@pytest.mark.slow
def test_windows_and_kept_tokens_are_counted(
    tiny_path: Path, tiny_module: BertModule, tmp_path: Path
) -> None:
    (tmp_path / "long.txt").write_text("the cat sat on a mat\n" + "dogs " * 100 + "\n\n")
    settings = {"windows": WindowConfig(8, 3), "keep_tokens": True}
    config = corpus.config([str(tmp_path / "long.txt")], tmp_path / "out", tiny_path, **settings)
    config = dataclasses.replace(config, limits=dataclasses.replace(config.limits, rejected=1.0))
    parts = list(
        tokenized_sample.tokenize_sample(config, tiny_module, plan.make_plan(config.input))
    )
    job.run_job(config)
    counts, files = corpus.truth(tmp_path / "out")
    estimates = tokenized_sample.total_counts(parts)
    assert estimates == {name: counts[name] for name in estimates}
    assert tokenized_sample.total_bytes(parts) == pytest.approx(files, rel=0.1)


@pytest.mark.slow
def test_an_output_over_the_limit_is_refused_before_anything_is_written(
    globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    config = corpus.config(globs, tmp_path / "out", tiny_path)
    sources = choose_pieces.sources_of(plan.make_plan(config.input))
    written = 150_000
    assert output_size.max_bytes(config, VectorWidths(16), sources) > written
    small = dataclasses.replace(config, max_output_gb=written / 2 / 1e9)
    with pytest.raises(UsageError, match=r"--max_output_gb is .* would write about .*sequence"):
        job.run_job(small)
    assert not (tmp_path / "out").exists()
    enough = dataclasses.replace(config, max_output_gb=written * 2 / 1e9)
    job.run_job(enough)
    assert written / 2 < sum(corpus.truth(tmp_path / "out")[1].values()) < written * 2


# Texts with many tokens or records per byte: short lines, letters that are decomposed.
EXTREMES = ["a\n" * 3000, "한\n" * 1000, "ΐ ǖ\n" * 700, "猫" * 2000, "\x01\n" * 3000, "!?" * 3000]


@pytest.mark.parametrize("features", [("mean",), ("sequence_output",), ("cls", "max", "mean")])
@pytest.mark.parametrize("stride", [0, 1])
def test_the_bound_is_never_below_the_estimate(
    features: tuple[str, ...], stride: int, tiny_path: Path, tiny_module: BertModule, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{number}.txt" for number in range(len(EXTREMES))]
    for path, text in zip(paths, EXTREMES, strict=True):
        path.write_text(text)
    settings = {"features": features, "windows": WindowConfig(8, stride)}
    config = corpus.config(list(map(str, paths)), tmp_path / "out", tiny_path, **settings)
    sources = choose_pieces.sources_of(plan.make_plan(config.input))
    splits = list(map(split_of_file, sources))
    parts = list(tokenized_sample.tokenize_sample(config, tiny_module, splits))
    assert all(part.scale == 1 for part in parts)
    for source, part in zip(sources, parts, strict=True):
        estimate = sum(tokenized_sample.total_bytes([part]).values())
        assert 0 < estimate <= output_size.max_bytes(config, VectorWidths(16), [source])


def test_no_text_is_read_if_the_bound_is_under_the_limit(
    globs: list[str],
    tiny_path: Path,
    tiny_module: BertModule,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a sample was read")

    monkeypatch.setattr(tokenized_sample, "tokenize_sample", refuse)
    config = corpus.config(globs, tmp_path / "out", tiny_path)
    output_size.check_output(config, tiny_module, plan.make_plan(config.input))
