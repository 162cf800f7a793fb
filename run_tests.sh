#!/usr/bin/env bash
# Set up and run all tests, in a process more than there are cores, four at most; or what you name:
# ./run_tests.sh [arguments of pytest]
set -euo pipefail
cd "$(dirname "$0")"
set_up_extras=cpu,report,test
source ./set_up.sh
if [ $# -eq 0 ]; then
  # One of them mostly waits, for clusters. Files stay in their order, in which those come early.
  cores=$(getconf _NPROCESSORS_ONLN)
  set -- --numprocesses $((cores < 3 ? cores + 1 : 4)) --dist loadfile --no-loadscope-reorder
fi
exec .venv/bin/python -m pytest "$@"
