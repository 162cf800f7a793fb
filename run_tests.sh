#!/usr/bin/env bash
# Set up and run all tests: ./run_tests.sh [arguments of pytest]
set -euo pipefail
cd "$(dirname "$0")"
set_up_extras=cpu,report,test
source ./set_up.sh
exec .venv/bin/python -m pytest "$@"
