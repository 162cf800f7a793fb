# Sourced by the scripts of local clusters: named processes, each with a log and a process id.
#
# $home is the cluster's folder. $home/pids/NAME has the process id, which is also the process
# group's, and $home/logs/NAME.log has the output.

start_process() { # NAME COMMAND...: start a process that outlives this script
  local name=$1
  shift
  mkdir -p "$home/pids" "$home/logs"
  setsid nohup "$@" >>"$home/logs/$name.log" 2>&1 </dev/null &
  echo $! >"$home/pids/$name"
}

is_running() { # NAME: checks the process, since its group exists only a moment after the start
  [ -f "$home/pids/$1" ] && kill -0 "$(cat "$home/pids/$1")" 2>/dev/null
}

stop_process() { # NAME: stop a process and the processes that it started
  local group
  is_running "$1" || { rm -f "$home/pids/$1"; return 0; }
  group=$(cat "$home/pids/$1")
  kill -TERM -- "-$group" 2>/dev/null || true
  for _ in $(seq 50); do
    is_running "$1" || break
    sleep 0.2
  done
  kill -KILL -- "-$group" 2>/dev/null || true
  rm -f "$home/pids/$1"
}

stop_all() { # all at once: some take seconds
  local file
  for file in "$home"/pids/*; do
    [ -f "$file" ] && stop_process "$(basename "$file")" &
  done
  wait
}

print_status() { # print a line for each process; fail if one is not running
  local file name status=0
  for file in "$home"/pids/*; do
    [ -f "$file" ] || continue
    name=$(basename "$file")
    if is_running "$name"; then
      echo "$name is running, process $(cat "$file")"
    else
      echo "$name is not running; see $home/logs/$name.log"
      status=1
    fi
  done
  return $status
}

refuse_if_running() {
  local file
  for file in "$home"/pids/*; do
    if [ -f "$file" ] && is_running "$(basename "$file")"; then
      echo "$(basename "$file") is already running: stop it with $0 stop" >&2
      exit 2
    fi
  done
}

wait_for() { # NAME SECONDS COMMAND...: wait until the command succeeds, while the process runs
  local name=$1 left=$(($2 * 5))
  shift 2
  until "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    if [ "$left" -le 0 ] || ! is_running "$name"; then
      echo "$name did not start; the end of $home/logs/$name.log:" >&2
      tail -n 20 "$home/logs/$name.log" >&2
      return 1
    fi
    sleep 0.2
  done
}

is_listening() { # PORT
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

require() { # COMMAND HOW-TO-INSTALL
  command -v "$1" >/dev/null || { echo "needs $1: $2" >&2; exit 2; }
}

fetch_jars() { # FOLDER-OF-POM: fetch Beam's runner and its dependencies from Maven Central
  local pom=$1
  if ! (cd "$home/jars" 2>/dev/null && sha256sum --quiet --check "$pom/jars.sha256" 2>/dev/null); then
    echo "Fetching Beam's runner from Maven Central (once; some minutes)"
    rm -rf "$home/jars"
    mvn --quiet --batch-mode --file "$pom/pom.xml" dependency:copy-dependencies \
      -DincludeScope=runtime -DoutputDirectory="$home/jars"
    (cd "$home/jars" && sha256sum --quiet --check "$pom/jars.sha256") ||
      { echo "the fetched files differ from $pom/jars.sha256" >&2; rm -rf "$home/jars"; exit 1; }
  fi
}

class_path() { # FOLDER...: print a class path of all jars in the folders
  printf '%s:' "${@/%//*}"
}

# Java 17 denies the libraries of these clusters access to these packages by default.
java_opens=()
for package in java.lang java.lang.invoke java.lang.reflect java.io java.net java.nio java.text \
  java.time java.util java.util.concurrent java.util.concurrent.atomic java.util.concurrent.locks \
  sun.nio.ch sun.nio.cs sun.security.action sun.util.calendar; do
  java_opens+=("--add-opens=java.base/$package=ALL-UNNAMED")
done
java_opens+=(--add-exports=java.base/sun.net.util=ALL-UNNAMED)
