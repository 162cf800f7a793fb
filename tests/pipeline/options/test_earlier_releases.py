"""The command in a folder of an earlier release continues that job, whatever is the default now."""

import pytest

from pipeline.options.earlier_releases import with_former_defaults

COMMAND = ("beam-bert", "embed", "--input", "a.txt")
POOLED = {"--features": ["mean"], "--keep_fields": ["k"]}
TOKENS = {"--features": ["pooled_output", "sequence_output"], "--keep_fields": ["k"]}
FEATURES = ("--features", "pooled_output,sequence_output")
IN_POOLED = ("--keep_fields_in", "pooled")
OPENVINO = {"--features": ["mean"], "--engine": "openvino"}


@pytest.mark.parametrize(
    ("stored", "named", "added"),
    [
        (POOLED, (), ("--features", "mean")),
        (TOKENS, (), (*FEATURES, *IN_POOLED)),
        (TOKENS, FEATURES, IN_POOLED),
        (TOKENS | {"--keep_fields_in": "all"}, FEATURES, ()),
        (TOKENS, (*FEATURES, *IN_POOLED), ()),
        (TOKENS | {"--keep_fields": []}, FEATURES, ()),
        (OPENVINO, (), ("--features", "mean", "--length_group", "0")),
        (OPENVINO, ("--length_group", "0"), ("--features", "mean")),
        (OPENVINO | {"--length_group": 8}, (), ("--features", "mean")),
        (POOLED | {"--engine": "tensorflow"}, (), ("--features", "mean")),
        (POOLED | {"--engine": ["openvino"]}, (), ("--features", "mean")),
        ({"--features": 7}, (), ()),
        ({}, (), ()),
    ],
)
def test_flags_whose_default_changed_are_named(
    stored: dict[str, object], named: tuple[str, ...], added: tuple[str, ...]
) -> None:
    command = with_former_defaults((*COMMAND, *named), stored)
    assert command == (*COMMAND[:2], *added, *COMMAND[2:], *named)
