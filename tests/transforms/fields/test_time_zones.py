import pytest

from transforms.fields import time_zones


def test_a_machine_without_the_database_refuses_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_zones, "_names", frozenset)
    assert time_zones.is_known("Europe/Berlin")
    assert time_zones.is_known("-03:30")
    assert not time_zones.is_known("-3:30")
