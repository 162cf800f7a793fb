"""No search for garbage during the first import of a package; all is as before after it."""

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from transforms.machine.garbage import importing

_PACKAGE = "package_with_many_objects"


@pytest.fixture(autouse=True)
def _package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    lines = ["import gc", "was_enabled = gc.isenabled()", "objects = [[] for _ in range(1000)]"]
    (tmp_path / f"{_PACKAGE}.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    assert gc.isenabled()
    yield
    gc.enable()
    sys.modules.pop(_PACKAGE, None)


def test_later_searches_leave_out_what_was_imported() -> None:
    before = gc.get_freeze_count()
    with importing(_PACKAGE):
        module = __import__(_PACKAGE)
    assert not module.was_enabled
    assert gc.isenabled()
    assert gc.get_freeze_count() >= before + len(module.objects)


def test_nothing_changes_if_it_was_imported_before(monkeypatch: pytest.MonkeyPatch) -> None:
    __import__(_PACKAGE)
    # The number of frozen objects is no evidence: one that nothing refers to any more leaves it.
    monkeypatch.setattr(gc, "freeze", lambda: pytest.fail("it froze all objects"))
    with importing(_PACKAGE):
        assert gc.isenabled()
    assert gc.isenabled()


def test_an_import_that_fails_ends_the_block_too() -> None:
    with pytest.raises(ModuleNotFoundError), importing("no_such_package"):
        __import__("no_such_package")
    assert gc.isenabled()


def test_a_program_that_has_it_off_keeps_it_off() -> None:
    gc.disable()
    with importing(_PACKAGE):
        __import__(_PACKAGE)
    assert not gc.isenabled()
