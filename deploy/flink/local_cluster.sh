#!/usr/bin/env bash
# A Flink cluster on this machine, for Beam jobs: deploy/flink/local_cluster.sh start|status|stop|fetch
#
# start   starts a JobManager, two TaskManagers, Beam's job server and a pool of Python workers, each
#         a separate process, in .cluster/flink; it fetches missing files
# status  prints a line for each process; fails if one is not running
# stop    stops them; the fetched files stay
# fetch   fetches missing files, and starts nothing
#
# `task_manager 1` (or 2) and `worker_pool` start one such process again.
# Needs Java 17 and Maven, and the .venv that run_local.sh creates. Set other folders and ports
# with CLUSTER, PYTHON_FOLDER, FLINK_PORT, RPC_PORT, JOB_PORT and POOL_PORT.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
home="${CLUSTER:-$here/../../.cluster/flink}"
python="${PYTHON_FOLDER:-$here/../../.venv/bin}"
flink_port="${FLINK_PORT:-8081}" rpc_port="${RPC_PORT:-6123}" job_port="${JOB_PORT:-8099}" pool_port="${POOL_PORT:-50000}"
flink_version=1.19.3
# shellcheck source=deploy/processes.sh
source "$here/../processes.sh"

locate() {
  mkdir -p "$home"
  home="$(cd "$home" && pwd)"
  flink="$home/flink/pyflink"
}

fetch() {
  require java "install Debian's openjdk-17-jre-headless, or any Java 17"
  require mvn "install Debian's maven"
  locate
  fetch_jars "$here"
  if [ ! -f "$flink/lib/flink-dist-$flink_version.jar" ]; then
    echo "Fetching Flink (once)"
    "$python/python" -m pip install --quiet --disable-pip-version-check --no-deps \
      --target "$home/flink" "apache-flink-libraries==$flink_version"
  fi
}

configure() {
  mkdir -p "$home/conf"
  cp "$here/log4j2.properties" "$home/conf/"
  sed -e "s/@FLINK_PORT@/$flink_port/" -e "s/@RPC_PORT@/$rpc_port/" \
    "$here/config.yaml" >"$home/conf/config.yaml"
  parameters >"$home/conf/task_manager"
}

log_option() {
  echo "-Dlog4j2.configurationFile=$home/conf/log4j2.properties"
}

parameters() { # print the arguments of a TaskManager: a line for Java and a line for Flink
  java -cp "$flink/bin/bash-java-utils.jar:$(class_path "$flink/lib")" \
    org.apache.flink.runtime.util.bash.BashJavaUtils GET_TM_RESOURCE_PARAMS \
    --configDir "$home/conf" --bindir "$flink/bin" 2>/dev/null |
    sed -n 's/^BASH_JAVA_UTILS_EXEC_RESULT://p'
}

task_manager() { # NUMBER
  local of_java of_flink
  { read -ra of_java && read -ra of_flink; } <"$home/conf/task_manager"
  start_process "task_manager_$1" java "${java_opens[@]}" "$(log_option)" "${of_java[@]}" \
    -cp "$(class_path "$flink/lib")" org.apache.flink.runtime.taskexecutor.TaskManagerRunner \
    --configDir "$home/conf" "${of_flink[@]}"
}

worker_pool() {
  start_process worker_pool env TF_CPP_MIN_LOG_LEVEL=3 "$python/beam-bert-worker-pool" --port "$pool_port"
}

both_task_managers() {
  curl --silent --fail "http://localhost:$flink_port/overview" | grep -q '"taskmanagers":2'
}

start() {
  refuse_if_running
  fetch
  configure
  start_process job_manager java "${java_opens[@]}" "$(log_option)" -Xmx512m \
    -cp "$(class_path "$flink/lib")" \
    org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint --configDir "$home/conf"
  task_manager 1
  task_manager 2
  start_process job_server java "${java_opens[@]}" -Xmx512m -cp "$(class_path "$home/jars")" \
    org.apache.beam.runners.flink.FlinkJobServerDriver --flink-master "http://localhost:$flink_port" \
    --job-host localhost --job-port "$job_port" --artifact-port 0 --expansion-port 0 \
    --artifacts-dir "$home/artifacts"
  worker_pool
  wait_for worker_pool 60 is_listening "$pool_port"
  wait_for job_manager 60 is_listening "$flink_port"
  wait_for task_manager_2 60 both_task_managers
  wait_for job_server 60 is_listening "$job_port"
  cat <<EOF
Flink is at http://localhost:$flink_port. To run a job on it, add these flags to beam-bert embed:
  --runner=FlinkRunner --flink_master=localhost:$flink_port --job_endpoint=localhost:$job_port \\
  --environment_type=EXTERNAL --environment_config=localhost:$pool_port --parallelism=2
EOF
}

case "${1:-}" in
  start) start ;;
  # These start one process again.
  task_manager) locate && task_manager "$2" ;;
  worker_pool) locate && worker_pool && wait_for worker_pool 60 is_listening "$pool_port" ;;
  status) print_status ;;
  stop) stop_all ;;
  fetch) fetch ;;
  *) echo "usage: $0 start|status|stop|fetch" >&2; exit 2 ;;
esac
