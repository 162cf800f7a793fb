#!/usr/bin/env bash
# Set up and run all tests, as many at once as there are cores, four at most; or what you name:
# ./run_tests.sh [arguments of pytest]
set -euo pipefail
cd "$(dirname "$0")"
set_up_extras=cpu,report,test
source ./set_up.sh
if [ $# -eq 0 ]; then
  set -- --numprocesses auto --maxprocesses 4 --dist loadfile
fi
exec .venv/bin/python -m pytest "$@"
