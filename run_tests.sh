#!/usr/bin/env bash
# Set up the environment and run the tests, in as many processes as there are cores, four at most.
#   ./run_tests.sh                                   all tests
#   ./run_tests.sh -m "not slow"                     nine tests of ten, in some minutes
#   ./run_tests.sh tests/pipeline/test_job.py        some tests, in one process
# Other arguments of pytest are passed on. --locked, before them, installs the exact versions of
# deploy/packages.
set -euo pipefail
cd "$(dirname "$0")"
set_up_extras=cpu,report,test
if [ "${1:-}" = --locked ]; then
  set_up_locked=yes
  shift
fi
source ./set_up.sh

# For a file one process is faster: each of several would import TensorFlow, for seconds.
parallel=(--numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder)
for argument in "$@"; do
  if [ -e "${argument%%::*}" ]; then
    parallel=()
  fi
done
exec .venv/bin/python -m pytest ${parallel[@]+"${parallel[@]}"} "$@"
