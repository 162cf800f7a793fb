#!/usr/bin/env bash
# A Spark cluster on this machine, for Beam jobs: deploy/spark/local_cluster.sh start|status|stop|fetch
#
# start   starts a standalone master, two workers, Beam's job server and a pool of Python workers,
#         each a separate process, in .cluster/spark; it fetches missing files
# status  prints a line for each process; fails if one is not running
# stop    stops them; the fetched files stay
# fetch   fetches missing files, and starts nothing
#
# `worker 1` (or 2) and `worker_pool` start one such process again.
# Needs Java 17 and Maven, and the .venv that run_local.sh creates. Set other folders and ports
# with CLUSTER, PYTHON_FOLDER, SPARK_PORT, SPARK_PAGE, JOB_PORT and POOL_PORT.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
home="${CLUSTER:-$here/../../.cluster/spark}"
python="${PYTHON_FOLDER:-$here/../../.venv/bin}"
spark_port="${SPARK_PORT:-7077}" spark_page="${SPARK_PAGE:-8080}"
job_port="${JOB_PORT:-8199}" pool_port="${POOL_PORT:-50001}"
spark_version=3.5.9
# shellcheck source=deploy/processes.sh
source "$here/../processes.sh"

locate() {
  mkdir -p "$home"
  home="$(cd "$home" && pwd)"
  export SPARK_HOME="$home/spark/pyspark" SPARK_LOCAL_IP=127.0.0.1 SPARK_SCALA_VERSION=2.12
}

fetch() {
  require java "install Debian's openjdk-17-jre-headless, or any Java 17"
  require mvn "install Debian's maven"
  locate
  fetch_jars "$here"
  if [ ! -f "$SPARK_HOME/jars/spark-core_2.12-$spark_version.jar" ]; then
    echo "Fetching Spark (once)"
    "$python/python" -m pip install --quiet --disable-pip-version-check --no-deps \
      --target "$home/spark" "pyspark==$spark_version"
  fi
}

spark_java() { # NAME CLASS ARGUMENT...
  start_process "$1" java "${java_opens[@]}" -Xmx512m -cp "$(class_path "$SPARK_HOME/jars")" "${@:2}"
}

worker() { # NUMBER
  spark_java "worker_$1" org.apache.spark.deploy.worker.Worker --host localhost --cores 1 \
    --memory 1g --webui-port 0 --work-dir "$home/work_$1" "spark://localhost:$spark_port"
}

wait_for_worker() { # NUMBER
  wait_for "worker_$1" 60 grep -q "Successfully registered with master" "$home/logs/worker_$1.log"
}

worker_pool() {
  start_process worker_pool env TF_CPP_MIN_LOG_LEVEL=3 "$python/beam-bert-worker-pool" --port "$pool_port"
}

start() {
  refuse_if_running
  fetch
  spark_java master org.apache.spark.deploy.master.Master --host localhost --port "$spark_port" \
    --webui-port "$spark_page"
  wait_for master 60 is_listening "$spark_port"
  worker 1
  worker 2
  start_process job_server java "${java_opens[@]}" -Xmx1g -Dspark.executor.memory=512m \
    -cp "$(class_path "$home/jars" "$SPARK_HOME/jars")" \
    org.apache.beam.runners.spark.SparkJobServerDriver \
    --spark-master-url "spark://localhost:$spark_port" --job-host localhost --job-port "$job_port" \
    --artifact-port 0 --expansion-port 0 --artifacts-dir "$home/artifacts"
  worker_pool
  wait_for_worker 1
  wait_for_worker 2
  wait_for job_server 60 is_listening "$job_port"
  wait_for worker_pool 60 is_listening "$pool_port"
  cat <<EOF
Spark is at http://localhost:$spark_page. To run a job on it, add these flags to beam-bert embed:
  --runner=SparkRunner --job_endpoint=localhost:$job_port \\
  --environment_type=EXTERNAL --environment_config=localhost:$pool_port
EOF
}

case "${1:-}" in
  start) start ;;
  # These start one process again.
  worker) locate && worker "$2" && wait_for_worker "$2" ;;
  worker_pool) locate && worker_pool && wait_for worker_pool 60 is_listening "$pool_port" ;;
  status) print_status ;;
  stop) stop_all ;;
  fetch) fetch ;;
  *) echo "usage: $0 start|status|stop|fetch" >&2; exit 2 ;;
esac
