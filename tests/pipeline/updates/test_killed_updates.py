"""Updates that end anywhere: readers have a whole generation, and the next call goes on."""

import contextlib
import shutil

import pytest

from pipeline import reader
from pipeline.updates import cleaning
from pipeline.verify.check_folder import VerifyConfig, verify
from tests.pipeline.updates.growing import (
    GrowingCorpus,
    content_of,
    files_in,
    generation_of,
    history_of,
    text_of,
)
from tests.pipeline.updates.killing import KilledError, killed_at


@pytest.mark.slow
@pytest.mark.parametrize("check", ["time", "content"])
def test_at_every_step(check: str, growing: GrowingCorpus) -> None:
    finished, settings = growing.output.with_name("finished"), {"check": check, "update": True}
    shutil.copytree(growing.output, finished)
    before = reader.load_embeddings(str(finished)).ids
    growing.touch("a.txt")
    growing.append("b.txt", text_of(90))
    growing.write("d.txt", text_of(50))
    growing.remove("c.txt")
    growing.embed(**settings)
    expected, after = content_of(growing.output), reader.load_embeddings(str(growing.output)).ids
    history = history_of(growing.output)
    for count in range(1, 1000):
        shutil.rmtree(growing.output)
        shutil.copytree(finished, growing.output)
        with killed_at(count) as steps, contextlib.suppress(KilledError):
            growing.embed(**settings)
        if len(steps) < count:
            break
        assert reader.load_embeddings(str(growing.output)).ids in (before, after), steps
        # Without the flag only once the new plan is there.
        assert verify(VerifyConfig(str(growing.output))).faults == (), steps
        has_plan = (growing.output / "plan.jsonl").read_text() == expected["lines"]
        growing.embed(**settings if not has_plan or count % 2 else {})
        assert content_of(growing.output) == expected, steps
        assert history_of(growing.output) == history, steps
        assert reader.load_embeddings(str(growing.output), generation=1).ids == before
        assert verify(VerifyConfig(str(growing.output))).faults == (), steps
    assert count > 20
    growing.assert_as_from_nothing()


@pytest.mark.slow
def test_an_update_that_is_taken_back_leaves_nothing(growing: GrowingCorpus) -> None:
    output = str(growing.output)
    growing.assert_as_from_nothing()
    expected = files_in(growing.output.with_name("fresh"))
    # Until the manifest of the next generation is written.
    for count in range(1, 1000):
        growing.write("d.txt", text_of(50))
        with killed_at(count) as steps, contextlib.suppress(KilledError):
            growing.update()
        if generation_of(growing.output) > 1:
            break
        growing.remove("d.txt")
        growing.update()
        cleaning.clean(output, 1)
        assert files_in(growing.output) == expected, steps
        assert cleaning.clean(output, 1).paths == ()
    assert count > 15
