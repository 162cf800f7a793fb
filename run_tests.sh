#!/usr/bin/env bash
# Set up and run all tests, as many at once as there are cores, four at most; or what you name:
# ./run_tests.sh [arguments of pytest]
set -euo pipefail
cd "$(dirname "$0")"
set_up_extras=cpu,report,test
source ./set_up.sh
if [ $# -eq 0 ]; then
  # Files in their order: the longest, of few tests, stand early in it.
  set -- --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
fi
exec .venv/bin/python -m pytest "$@"
