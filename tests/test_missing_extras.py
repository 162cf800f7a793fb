import ast
import re
import sys

import pytest

from tests import missing_extras
from tests.paths import DATA, ROOT

# What is imported by another name than it is installed by, or comes with a requirement.
OTHERS = {"google", "grpc", "packaging", "pytest", "requests", "yaml"}
OURS = {"beam_bert", "benchmarks", "deploy", "pipeline", "tests", "transforms"}


def import_missing(name: str) -> None:
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.parametrize(
    ("name", "extra"),
    [
        ("jinja2.loaders", "report"),
        ("google.cloud.storage", "gcp"),
        ("numpy", None),
        ("pipeline", None),
    ],
)
def test_the_extra_of_a_package_is_named(name: str, extra: str | None) -> None:
    error = ValueError("cannot draw")
    error.__cause__ = ModuleNotFoundError(f"No module named {name!r}", name=name)
    assert missing_extras.extra_of(error) == extra


def test_a_missing_extra_skips_a_test_and_fails_it_where_everything_is_tested(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CI", raising=False)
    with (
        pytest.raises(pytest.skip.Exception, match=r"\[report\]: pip install"),
        missing_extras.skipping(),
    ):
        import_missing("jinja2")
    with pytest.raises(ModuleNotFoundError, match="numpy"), missing_extras.skipping():
        import_missing("numpy")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(ModuleNotFoundError, match="jinja2"), missing_extras.skipping():
        import_missing("jinja2")


@pytest.mark.slow
def test_each_package_that_a_test_file_imports_is_required_or_has_its_extra() -> None:
    requirements = (ROOT / "setup.py").read_text().partition("install_requires=[")[2]
    names = re.findall(r'^ +"([\w.-]+)', requirements.partition("]")[0], re.MULTILINE)
    known = {name.partition(".")[0].replace("-", "_").lower() for name in names}
    known |= OTHERS | OURS | set(sys.stdlib_module_names) | set(missing_extras.EXTRAS)
    paths = [path for path in (ROOT / "tests").rglob("*.py") if DATA not in path.parents]
    for path in paths:
        for node in ast.parse(path.read_text("utf-8")).body:
            modules = [getattr(node, "module", None)] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            unknown = {str(module).partition(".")[0] for module in modules} - known
            assert not unknown, f"{path}: name the extra of {unknown} in tests/missing_extras.py"
