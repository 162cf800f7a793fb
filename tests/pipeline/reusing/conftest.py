import pytest


@pytest.fixture(scope="module", autouse=True)
def _jobs_in_one_thread(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("one_thread")
