"""The settings that an import keeps in the module."""

import json
from pathlib import Path

import pytest

from tests import written_modules
from tests.conftest import make_checkpoint
from transforms.bert import module
from transforms.bert.architecture import Architecture
from transforms.bert.kept_settings import (
    KEPT_SETTINGS,
    KeptSettings,
    read_kept_settings,
    write_kept_settings,
)
from transforms.bert.wordpiece_rules import WordpieceRules

SETTINGS = KeptSettings(
    heads=4,
    architecture=Architecture("relu", 1e-5, norm_first=True),
    rules=WordpieceRules(True, False, split_chinese=False, max_word_chars=100, added_tokens=("é",)),
)


def test_settings_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_kept_settings(tmp_path, SETTINGS)
    first = (tmp_path / KEPT_SETTINGS).read_bytes()
    assert read_kept_settings(tmp_path) == SETTINGS
    write_kept_settings(tmp_path, SETTINGS)
    assert (tmp_path / KEPT_SETTINGS).read_bytes() == first


def test_a_module_without_the_file_has_no_settings(tmp_path: Path) -> None:
    assert read_kept_settings(tmp_path) == KeptSettings()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "truncated"),
        ("[]", "Expected `object`"),
        ('{"version": 2}', "it has version 2; this program reads 1"),
        ('{"heads": "4"}', "Expected `int | null`"),
        ('{"architecture": {"activation": "sine"}}', "the activation 'sine' is unknown"),
        ('{"architecture": {"layer_norm_eps": -1}}', "layer_norm_eps is -1"),
        ('{"rules": {"do_lower_case": true}}', "missing required field `strip_accents`"),
    ],
)
def test_a_damaged_file_is_refused_by_name(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / KEPT_SETTINGS).parent.mkdir()
    (tmp_path / KEPT_SETTINGS).write_text(content)
    with pytest.raises(ValueError, match=f"{KEPT_SETTINGS}: .*") as refused:
        read_kept_settings(tmp_path)
    assert message in str(refused.value)


@pytest.mark.slow
def test_the_import_keeps_what_the_graph_does_not_show(tmp_path: Path) -> None:
    written_modules.write(make_checkpoint(layer_norm_eps=1e-3), tmp_path / "module")
    kept = module.inspect(tmp_path / "module").kept
    assert kept == KeptSettings(
        heads=4, architecture=Architecture("gelu_erf", 1e-3), rules=WordpieceRules.of_casing(True)
    )


def test_the_kept_casing_is_that_of_the_graph(tmp_path: Path) -> None:
    written_modules.write(make_checkpoint(), tmp_path / "module")
    path = tmp_path / "module" / KEPT_SETTINGS
    settings = json.loads(path.read_text())
    settings["rules"]["do_lower_case"] = False
    path.write_text(json.dumps(settings))
    with pytest.raises(ValueError, match=r"its graph has do_lower_case True, and its .* has False"):
        module.inspect(tmp_path / "module")
