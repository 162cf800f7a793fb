import pytest

from tests import missing_extras


def import_missing(name: str) -> None:
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.parametrize(
    ("name", "extra"),
    [("plotly.io", "report"), ("google.cloud.storage", "gcp"), ("numpy", None), ("pipeline", None)],
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
        import_missing("plotly")
    with pytest.raises(ModuleNotFoundError, match="numpy"), missing_extras.skipping():
        import_missing("numpy")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(ModuleNotFoundError, match="plotly"), missing_extras.skipping():
        import_missing("plotly")
