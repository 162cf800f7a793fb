# One image for workers with GPUs and for their flex template.
#
#   docker build -f deploy/dataflow/gpu.Dockerfile --build-arg LAUNCHER=BASE -t IMAGE .
#
# Run this in the project's folder. BASE is Google's launcher image for Python flex templates,
# https://cloud.google.com/dataflow/docs/reference/flex-templates-base-images
#
# CUDA and cuDNN are Python packages that TensorFlow requires for its version, so that no CUDA base
# image is needed. Dataflow mounts the machine's driver at /usr/local/nvidia.
ARG LAUNCHER
# hadolint ignore=DL3006
FROM ${LAUNCHER} AS launcher

FROM python:3.11-slim

COPY --from=apache/beam_python3.11_sdk:2.77.0 /opt/apache/beam /opt/apache/beam
COPY --from=launcher \
  /opt/google/dataflow/python_template_launcher /opt/google/dataflow/python_template_launcher

ENV BEAM_BERT_CACHE=/opt/beam-bert/models TF_CPP_MIN_LOG_LEVEL=3 \
  PATH=/usr/local/nvidia/bin:$PATH \
  LD_LIBRARY_PATH=/usr/local/nvidia/lib64:/usr/local/nvidia/lib

WORKDIR /opt/beam-bert/source
COPY setup.py pyproject.toml README.md LICENSE beam_bert.py ./
COPY deploy/__init__.py deploy/__init__.py
COPY deploy/packages deploy/packages
COPY pipeline pipeline
COPY transforms transforms
# Without OpenVINO, of the extra [cpu], `--engine auto` means TensorFlow, also in the template's
# launcher, which has no GPU.
# Exact versions and the default weights, each file checked by its sha256.
RUN PIP_NO_CACHE_DIR=1 python -m deploy.packages.install gcp,gpu,report

# The weights are imported and checked, or the build fails.
WORKDIR /opt/beam-bert
RUN beam-bert inspect-model minilm

COPY deploy/dataflow/launch.py /template/launch.py
ENV FLEX_TEMPLATE_PYTHON_PY_FILE=/template/launch.py
ENTRYPOINT ["/opt/apache/beam/boot"]
