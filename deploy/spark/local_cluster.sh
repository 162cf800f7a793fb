#!/usr/bin/env bash
# A Spark cluster on this machine, for Beam jobs: deploy/spark/local_cluster.sh start|status|stop
#
# start   a standalone master, two workers, Beam's job server and a pool of Python workers, each a
#         process of its own, in .cluster/spark; it fetches what is missing
# status  a line for each process; fails if one is gone
# stop    ends them; what was fetched stays
#
# `worker 1` (or 2) and `worker_pool` start such a process again that is gone.
# Needs Java 17 and Maven, and .venv as run_local.sh makes it. Other folders and ports than the usual
# are told by CLUSTER, PYTHON_FOLDER, SPARK_PORT, SPARK_PAGE, JOB_PORT and POOL_PORT.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
home="${CLUSTER:-$here/../../.cluster/spark}"
python="${PYTHON_FOLDER:-$here/../../.venv/bin}"
spark_port="${SPARK_PORT:-7077}" spark_page="${SPARK_PAGE:-8080}"
job_port="${JOB_PORT:-8199}" pool_port="${POOL_PORT:-50001}"
spark_version=3.5.9
# shellcheck source=deploy/processes.sh
source "$here/../processes.sh"

fetch() {
  need java "Debian's openjdk-17-jre-headless, or any Java 17"
  need mvn "Debian's maven"
  mkdir -p "$home"
  home="$(cd "$home" && pwd)"
  fetch_jars "$here"
  export SPARK_HOME="$home/spark/pyspark" SPARK_LOCAL_IP=127.0.0.1 SPARK_SCALA_VERSION=2.12
  if [ ! -f "$SPARK_HOME/jars/spark-core_2.12-$spark_version.jar" ]; then
    echo "Fetching Spark (once)"
    "$python/python" -m pip install --quiet --disable-pip-version-check --no-deps \
      --target "$home/spark" "pyspark==$spark_version"
  fi
}

sparks_java() { # NAME CLASS ARGUMENT...
  begin "$1" java "${java_opens[@]}" -Xmx512m -cp "$(in_path "$SPARK_HOME/jars")" "${@:2}"
}

worker() { # NUMBER
  sparks_java "worker_$1" org.apache.spark.deploy.worker.Worker --host localhost --cores 1 \
    --memory 1g --webui-port 0 --work-dir "$home/work_$1" "spark://localhost:$spark_port"
  wait_for "worker_$1" 60 grep -q "Successfully registered with master" "$home/logs/worker_$1.log"
}

worker_pool() {
  begin worker_pool env TF_CPP_MIN_LOG_LEVEL=3 "$python/beam-bert-worker-pool" --port "$pool_port"
  wait_for worker_pool 60 listens "$pool_port"
}

start() {
  refuse_if_running
  fetch
  sparks_java master org.apache.spark.deploy.master.Master --host localhost --port "$spark_port" \
    --webui-port "$spark_page"
  wait_for master 60 listens "$spark_port"
  worker 1
  worker 2
  begin job_server java "${java_opens[@]}" -Xmx1g -Dspark.executor.memory=512m \
    -cp "$(in_path "$home/jars" "$SPARK_HOME/jars")" \
    org.apache.beam.runners.spark.SparkJobServerDriver \
    --spark-master-url "spark://localhost:$spark_port" --job-host localhost --job-port "$job_port" \
    --artifact-port 0 --expansion-port 0 --artifacts-dir "$home/artifacts"
  wait_for job_server 60 listens "$job_port"
  worker_pool
  cat <<EOF
Spark is at http://localhost:$spark_page. To run a job on it, give beam-bert embed these flags too:
  --runner=SparkRunner --job_endpoint=localhost:$job_port \\
  --environment_type=EXTERNAL --environment_config=localhost:$pool_port
EOF
}

case "${1:-}" in
  start) start ;;
  # One that was killed.
  worker) fetch && worker "$2" ;;
  worker_pool) fetch && worker_pool ;;
  status) tell_all ;;
  stop) end_all ;;
  *) echo "usage: $0 start|status|stop" >&2; exit 2 ;;
esac
