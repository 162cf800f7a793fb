import pytest

from pipeline.commands import all_commands
from pipeline.errors import UsageError
from pipeline.options import conversion, embed_config, flags
from transforms.batching.windows import WindowConfig

OF_TOKENS = ("--features", "sequence_output")


def parse(*arguments: str) -> embed_config.EmbedConfig:
    words = ["--input", "a", "--output", "out/", *arguments]
    return conversion.embed_config(all_commands()["embed"].parse(words))


def test_flags_become_the_stages_configurations() -> None:
    config = parse("--keep_fields", "a, b", "--features", "mean,cls", "--tokens_per_batch", "77")
    assert config.output == "out"
    assert config.input.read.keep_fields == ("a", "b")
    assert config.features == ("mean", "cls")
    assert config.batching.tokens_per_batch == 77
    long = parse("--max_seq_length", "64", "--window_stride", "32", "--keep_tokens", *OF_TOKENS)
    assert (long.windows, long.keep_tokens) == (WindowConfig(64, 32), True)
    limits = parse("--max_rejected", "0", "--max_truncated", "0.5", "--max_unknown", "1").limits
    assert limits == embed_config.Limits(rejected=0.0, truncated=0.5, unknown=1.0)


def test_a_document_has_one_vector_by_default() -> None:
    assert parse().features == ("mean",)
    assert parse().identity()["--features"] == ["mean"]


def test_parts_are_smaller_with_features_of_tokens() -> None:
    assert parse(*OF_TOKENS).input.read.part_bytes == 256 << 10
    assert parse().input.read.part_bytes == 1 << 20
    assert parse("--features", "cls").input.read.part_bytes == 1 << 20
    assert parse("--part_bytes", "5000").input.read.part_bytes == 5000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--output", "out[1]"], r"--output is out\[1\]; choose a name without"),
        (["--features", "pooled"], "`features` has 'pooled'"),
        (["--features", ""], "`features` is empty"),
        (["--features", "cls,cls"], "`features` is empty or names one twice"),
        (["--max_rejected", "2"], "--max_rejected is 2.0"),
        (["--max_truncated", "-1"], r"--max_truncated is -1\.0; give a share from 0 to 1"),
        (["--max_unknown", "nan"], "--max_unknown is nan; give a share"),
        (["--window_stride", "127"], "`window_stride` is 127; give 1 to 126"),
        (
            ["--window_stride", "9", "--text_b_field", "b"],
            "--window_stride is for documents of one",
        ),
        (["--max_seq_length", "2"], "`max_seq_length` is 2; .* need 3"),
        (["--max_seq_length", "4", "--text_b_field", "b"], "`max_seq_length` is 4; .* need 5"),
        (["--keep_tokens", "--features", "mean"], "--keep_tokens .* add sequence_output"),
        (["--pair_separator", ""], "`pair_separator` is empty"),
        (["--tokens_per_batch", "0"], "`tokens_per_batch` is 0"),
        (["--length_group", "-1"], "`length_group` is -1; give 1 or more, or 0"),
        (
            ["--length_group", "8", "--engine", "tensorflow", "--xla_buckets", "2"],
            "--length_group is for batches of any width: leave it out, or give --xla_buckets 0",
        ),
        (["--part_bytes", "5"], "`part_bytes` is 5"),
        (
            ["--input_format", "xml"],
            "--input_format is 'xml'; there are auto, csv, files, json, jsonl",
        ),
        (["--keep_fields", "a,a"], "`keep_fields` names a field twice"),
        (["--text_field", ""], "`text_field` is empty"),
    ],
)
def test_wrong_values_are_refused_by_flag(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(*arguments)


def test_the_identity_has_what_decides_the_output() -> None:
    base = parse().identity()
    limits = (["--max_rejected", "1"], ["--max_truncated", "0"], ["--max_unknown", "0"])
    for same in (
        ["--overwrite"],
        ["--update", "--check", "content"],
        ["--model", "m"],
        ["--max_output_gb", "1"],
        *limits,
    ):
        assert parse(*same).identity() == base
    others = (["--max_seq_length", "9"], ["--features", "cls"], ["--part_bytes", "5000"])
    others += (["--window_stride", "9"], ["--keep_tokens", *OF_TOKENS], ["--text_b_field", "b"])
    for other in (*others, ["--pair_separator", "|"], ["--tokens_per_batch", "9"]):
        assert parse(*other).identity() != base


def test_every_flag_that_can_change_bytes_is_in_the_identity() -> None:
    """The module counts by its fingerprint; the others decide whether a job runs, not what."""
    outside = {"output", "model", "model_sha256", "min_cosine", "overwrite", "max_output_gb"}
    outside |= {"max_rejected", "max_truncated", "max_unknown", "update", "check", "reuse"}
    assert {row.name for row in flags.FLAGS if row.path and not row.decides_output} == outside
