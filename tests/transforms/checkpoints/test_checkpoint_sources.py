"""What a path to a checkpoint means."""

from pathlib import Path

import pytest

from transforms.checkpoints import checkpoint_sources


def test_two_configurations_of_one_checkpoint_are_refused(tmp_path: Path) -> None:
    for name in ("bert_config.json", "params.yaml", "model.ckpt-1.index"):
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match=f"^{tmp_path}: it has bert_config.json and params.yaml"):
        checkpoint_sources.find_source(tmp_path)
