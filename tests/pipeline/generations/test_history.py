import json
from pathlib import Path

import pytest

from pipeline import manifest
from pipeline.generations import history
from pipeline.generations.history import History
from pipeline.manifest import Progress

SECOND = History(2, "0" * 64, 1, 3, added=("a",), gone=('say "hi"\n', "\u2028"))


def test_the_head_of_a_manifest_has_its_history(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    counts = {"documents": 0, "embedded": 0, "rejected": 0}
    progress = Progress((), (), 0)
    for one, expected in ((None, None), (SECOND.entry, SECOND)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Progress, "counts", lambda _: counts)
            manifest.write_manifest(str(tmp_path), progress, "run", one)
        head = history.read_head(str(path))
        assert head is not None
        assert head.history == expected
        assert head.generation == (1 if expected is None else 2)
        # What follows is not read.
        beginning, after, _ = path.read_text().partition(' "run_fingerprint"')
        path.write_text(beginning + after + "damage")
        assert history.read_head(str(path)) == head
    # As somebody else would write it.
    path.write_text(json.dumps({"format_version": 3, "history": SECOND.entry, "parts": []}))
    assert history.current_generation(str(tmp_path)) == 2


@pytest.mark.parametrize("text", ["", "{", '{"format_version": 3', '{"history": {}}', "[]"])
def test_damage_is_found(text: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ValueError, match=r"JSON|Input data|Expected|required|truncated"):
        history.current_generation(str(tmp_path))


def test_a_folder_without_a_manifest_has_no_generation(tmp_path: Path) -> None:
    assert history.current_generation(str(tmp_path)) is None
