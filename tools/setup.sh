# Functions shared by quickstart, check and the image scripts. Source it from a bash script that set -euo pipefail and
# stands anywhere in the tree:   . "$(dirname "$0")/tools/setup.sh"
# shellcheck shell=bash

slipway_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
slipway_logs=$slipway_root/build/logs
slipway_began=$SECONDS

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' yellow=$'\e[33m' plain=$'\e[0m'
else
  bold='' dim='' red='' yellow='' plain=''
fi

elapsed() { printf '%02d:%02d' $(((SECONDS - slipway_began) / 60)) $(((SECONDS - slipway_began) % 60)); }
step() { printf '\n%s[%s] %s%s\n' "$bold" "$(elapsed)" "$*" "$plain"; }
say() { printf '        %s\n' "$*"; }
warn() { printf '%s        %s%s\n' "$yellow" "$*" "$plain" >&2; }
die() {
  printf '%s        %s%s\n' "$red" "$1" "$plain" >&2
  shift
  for line in "$@"; do printf '        %s\n' "$line" >&2; done
  exit 1
}

# as_root COMMAND...: as it is for root, else with sudo.
as_root() {
  if [[ $(id -u) -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "This needs root: $*" "Run it as root, or install sudo."
  fi
}

# quietly LABEL COMMAND...: the output goes to build/logs/LABEL.log; what is shown is the log's last line, on a terminal
# as it changes, else once in 20 seconds. When the command fails, the end of the log is shown.
quietly() {
  local label=$1 log=$slipway_logs/${1// /-}.log began=$SECONDS last=0 status=0
  shift
  mkdir -p "$slipway_logs"
  "$@" >"$log" 2>&1 </dev/null &
  local pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.5
    if [[ -t 1 ]]; then
      printf '\r\e[K%s        %s: %s%s' "$dim" "$label" "$(last_line "$log" 90)" "$plain"
    elif ((SECONDS - began >= last + 20)); then
      last=$((SECONDS - began))
      say "$label: ${last}s: $(last_line "$log" 100)"
    fi
  done
  wait "$pid" || status=$?
  [[ -t 1 ]] && printf '\r\e[K'
  if ((status == 0)); then
    say "$label: done in $((SECONDS - began)) s"
    return 0
  fi
  printf '%s        %s failed (exit %d) after %d s; the end of %s:%s\n' "$red" "$label" "$status" \
    "$((SECONDS - began))" "${log#"$slipway_root"/}" "$plain" >&2
  tail -n 120 "$log" | sed 's/^/        | /' >&2
  return "$status"
}

# --- ending what was started --------------------------------------------------------------------------------------

# attend COMMAND...: runs it in a subshell beside this shell, which waits for it: a signal finds the shell listening,
# whatever it is that runs. To be called where `set -e` is off, since its status is to be looked at.
attend() {
  (
    set -e
    "$@"
  ) &
  wait $!
}

# offspring PID: the processes below it, one a line, but those that made a session of their own: who started them ends them.
offspring() {
  cat /proc/[0-9]*/stat 2>/dev/null | awk -v top="$1" -v me="$BASHPID" '
    { pid = $1; sub(/^.*\) /, ""); if ($1 != "Z") { parent[pid] = $2; session[pid] = $4 } }
    END {
      for (pid in parent) {
        above = pid
        while (above in parent && above != top && above != me) above = parent[above]
        if (above == top && pid != top && session[pid] == session[top]) print pid
      }
    }'
}

# send SIGNAL PID...: also to what runs as root.
send() {
  local signal=$1 pid
  shift
  for pid in "$@"; do
    kill "-$signal" "$pid" 2>/dev/null && continue
    if [[ $(id -u) -ne 0 && -d /proc/$pid ]] && command -v sudo >/dev/null; then
      sudo -n kill "-$signal" "$pid" 2>/dev/null || true
    fi
  done
}

runs() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) && [[ ${stat##*) } != Z* ]]
}

# end_offspring PID: ends all processes below it, within 15 s. They are frozen first, so that none starts another while
# they are counted; what has something of its own to end (tools/together.py) then has the time.
end_offspring() {
  local found=() more until pid
  mapfile -t more < <(offspring "$1")
  while ((${#more[@]} > ${#found[@]})); do
    found=("${more[@]}")
    send STOP "${found[@]}"
    mapfile -t more < <(offspring "$1")
  done
  send TERM "${found[@]}"
  send CONT "${found[@]}"
  until=$((SECONDS + 13))
  for pid in "${found[@]}"; do
    while runs "$pid" && ((SECONDS < until)); do sleep 0.1; done
    if runs "$pid"; then send KILL "$pid"; fi
  done
}

last_line() { tail -c 2000 "$1" 2>/dev/null | tr '\r' '\n' | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c "1-$2" | iconv -f UTF-8 -t UTF-8 -c || true; }

# packages GROUP...: the names in tools/packages.txt.
packages() {
  local group
  for group in "$@"; do awk -v g="$group" '$1 == g { print $2 }' "$slipway_root/tools/packages.txt"; done
}

installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@"
}

# Debian's list of packages, once in a run.
apt_update_once() {
  [[ -n ${slipway_apt_updated:-} ]] && return
  quietly "apt-get update" apt_get update
  slipway_apt_updated=1
}

# install_missing GROUP...: asks Debian only for what is not here, and says what that is.
install_missing() {
  command -v apt-get >/dev/null || die "There is no apt-get: this script is for Debian 12." \
    "On another system install what tools/packages.txt lists, then build with cmake (docs/HACKING.md)."
  local missing=() name
  for name in $(packages "$@"); do
    # Any npm will do, any Node's headers, and any Docker Engine, also those that are not Debian's.
    [[ $name == npm ]] && command -v npm >/dev/null && continue
    [[ $name == libnode-dev && -f /usr/include/node/node.h ]] && continue
    [[ $name == docker.io ]] && command -v dockerd >/dev/null && command -v docker >/dev/null && continue
    installed "$name" || missing+=("$name")
  done
  if ((${#missing[@]} == 0)); then
    say "packages ($*): all installed"
    return
  fi
  say "packages to install: ${missing[*]}"
  as_root dpkg --configure -a >/dev/null 2>&1 || true  # an earlier run may have been interrupted
  apt_update_once || return
  if [[ " ${missing[*]} " == *" postgresql-15 "* ]]; then
    install_postgres_without_a_cluster || return
  fi
  quietly "apt-get install" apt_get install -y --no-install-recommends "${missing[@]}"
}

# Debian would make and start a system-wide database server on install; only its programs are wanted.
install_postgres_without_a_cluster() {
  local switch=/etc/postgresql-common/createcluster.d/slipway-quickstart.conf status=0
  if installed postgresql-common; then
    return
  fi
  quietly "install postgresql-common" apt_get install -y --no-install-recommends postgresql-common || return
  as_root mkdir -p "${switch%/*}"
  echo "create_main_cluster = false" | as_root tee "$switch" >/dev/null
  quietly "install postgresql-15" apt_get install -y --no-install-recommends postgresql-15 || status=$?
  as_root rm -f "$switch"
  return "$status"
}

# Takes libpgcommon.a and libpgport.a out of a Debian package whose dependencies (LLVM) nobody here needs.
fetch_static_libpq() {
  local to=$slipway_root/build/cache/static-libpq
  if [[ -f /usr/lib/postgresql/15/lib/libpgcommon.a || -f $to/usr/lib/postgresql/15/lib/libpgcommon.a ]]; then
    return
  fi
  mkdir -p "$to"
  apt_update_once || return
  quietly "static libpq" unpack_package "$(packages archives)" "$to"
}

# Unpacks Prometheus for the test of its rules and of the dashboard.
fetch_prometheus() {
  local to=$slipway_root/build/cache/prometheus
  if command -v promtool >/dev/null || [[ -x $to/usr/bin/promtool ]]; then
    return
  fi
  mkdir -p "$to"
  apt_update_once || return
  quietly "Prometheus" unpack_package "$(packages programs)" "$to"
}

# Unpacks nginx, which the benchmarks hold plain answers against: installing it would start a service.
fetch_nginx() {
  local to=$slipway_root/build/cache/nginx
  if command -v nginx >/dev/null || [[ -x $to/usr/sbin/nginx ]]; then
    return
  fi
  mkdir -p "$to"
  apt_update_once || return
  quietly "nginx" unpack_package nginx "$to"
}

# What bench/run needs beside a build: an engine, Postgres, what loads and what is compared.
ensure_bench() { install_missing build run bench && fetch_nginx && ensure_docker; }

unpack_package() {
  local work
  work=$(mktemp -d)
  (cd "$work" && apt-get -o APT::Sandbox::User=root download "$1") && dpkg-deb -x "$work"/*.deb "$2"
  local status=$?
  rm -rf "$work"
  return "$status"
}

# What the tests need from PyPI, in an environment of the project's own: tools/requirements.txt in build/venv, or
# tools/requirements-NAME.txt in build/venv-NAME. Returns 1, having said why, where PyPI cannot be reached.
install_python_tools() {
  local venv=$slipway_root/build/venv${1:+-$1} list=$slipway_root/tools/requirements${1:+-$1}.txt
  if [[ -f $venv/installed ]] && cmp -s "$list" "$venv/installed"; then return; fi
  rm -rf "$venv"
  if quietly "python tools${1:+ $1}" install_into_venv "$venv" "$list"; then
    cp "$list" "$venv/installed"
  else
    rm -rf "$venv"
    return 1
  fi
}

install_into_venv() { python3 -m venv "$1" && "$1/bin/pip" install --disable-pip-version-check --no-compile -r "$2"; }

# How many compilations at once: one for each core, and at most one for each 1.5 GiB of memory.
build_jobs() {
  local by_memory
  by_memory=$(awk '/MemAvailable/ { print int($2 / 1572864) }' /proc/meminfo)
  ((by_memory < 1)) && by_memory=1
  local cores
  cores=$(nproc)
  echo $((cores < by_memory ? cores : by_memory))
}

# build PRESET [TARGET...]
build() {
  local preset=$1 targets=()
  shift
  (($# > 0)) && targets=(--target "$@")
  quietly "configure $preset" cmake -S "$slipway_root" --preset "$preset" || return
  quietly "compile $preset" cmake --build "$slipway_root/build/$preset" -j "$(build_jobs)" "${targets[@]}"
}

free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# --- a container engine -------------------------------------------------------------------------------------------

docker_answers() { command -v docker >/dev/null && timeout 10 docker version >/dev/null 2>&1; }

# The folder of a daemon that start_docker started earlier and that still runs; empty otherwise.
own_docker_state=$slipway_root/build/docker/state

own_docker_runs() {
  [[ -f $own_docker_state/socket ]] && DOCKER_HOST=unix://$(<"$own_docker_state/socket") docker_answers
}

# Makes `docker` answer: the daemon that runs already, else one of our own, with its own data. Exports DOCKER_HOST when
# it is our own. Returns 1, having said why, when there is none to be had.
ensure_docker() {
  if own_docker_runs; then
    DOCKER_HOST=unix://$(<"$own_docker_state/socket")
    export DOCKER_HOST
    say "Docker: the daemon of our own"
    return 0
  fi
  if docker_answers; then
    say "Docker: $(docker version --format '{{.Server.Version}}') is running"
    return 0
  fi
  if [[ $(id -u) -ne 0 && -z ${DOCKER_HOST:-} && -S /var/run/docker.sock && ! -w /var/run/docker.sock ]]; then
    say "Docker runs, but this user may not use it: allowing it until Docker is restarted (setfacl)"
    as_root setfacl -m "u:$(id -u):rw" /var/run/docker.sock
    docker_answers && return 0
  fi
  if ! command -v dockerd >/dev/null && [[ ! -x /usr/sbin/dockerd ]]; then
    warn "There is no Docker on this machine (no dockerd)."
    return 1
  fi
  start_docker
}

start_docker() {
  local run waited
  mkdir -p "$own_docker_state" "$slipway_logs"
  run=$(mktemp -d /tmp/slipway-docker.XXXXXX)
  echo "$run" >"$own_docker_state/run"
  chmod 755 "$run"
  ip link show docker0 >/dev/null 2>&1 || touch "$own_docker_state/made-docker0"
  # Its sockets stay in a short path: the kernel takes 107 bytes. setsid: Ctrl-C in this terminal is not for it.
  # shellcheck disable=SC2016
  as_root setsid --fork env PATH="$PATH:/usr/sbin:/sbin" sh -c 'echo $$ >"$1/daemon"; shift; exec dockerd "$@"' sh "$run" \
    --host "unix://$run/docker.sock" --data-root "$slipway_root/build/docker/data" --exec-root "$run/exec" \
    --pidfile "$run/pid" --group "$(id -g)" --insecure-registry 127.0.0.0/8 >"$slipway_logs/dockerd.log" 2>&1 </dev/null
  for ((waited = 0; waited < 60; ++waited)); do
    if DOCKER_HOST=unix://$run/docker.sock docker_answers; then
      echo "$run/docker.sock" >"$own_docker_state/socket"
      export DOCKER_HOST=unix://$run/docker.sock
      say "Docker: none was running; started one of our own ($(docker version --format '{{.Server.Version}}'))"
      return 0
    fi
    if ((waited > 2)) && ! runs "$(cat "$run/daemon")"; then break; fi
    sleep 0.5
  done
  warn "Docker could not be started; the end of build/logs/dockerd.log:"
  tail -n 8 "$slipway_logs/dockerd.log" | sed 's/^/        | /' >&2
  stop_own_docker
  return 1
}

# Removes the containers and networks of the daemon that start_docker started. Its images stay for the next time.
empty_own_docker() {
  own_docker_runs || return 0
  local DOCKER_HOST
  DOCKER_HOST=unix://$(<"$own_docker_state/socket")
  export DOCKER_HOST
  docker ps -aq | xargs -r docker rm -fv >/dev/null 2>&1 || true
  docker network ls -q --filter type=custom | xargs -r docker network rm >/dev/null 2>&1 || true
}

# Stops the daemon that start_docker started, also one that has only begun to start.
stop_own_docker() {
  [[ -f $own_docker_state/run ]] || return 0
  local run pid waited
  run=$(<"$own_docker_state/run")
  for ((waited = 0; waited < 20; ++waited)); do
    [[ -s $run/daemon ]] && break
    sleep 0.1
  done
  pid=$(cat "$run/daemon" 2>/dev/null || true)
  if [[ -n $pid ]]; then
    as_root kill "$pid" 2>/dev/null || true
    for ((waited = 0; waited < 100; ++waited)); do
      runs "$pid" || break
      sleep 0.1
    done
    if runs "$pid"; then end_daemon_of_docker "$pid"; fi
  fi
  if [[ -f $own_docker_state/made-docker0 ]]; then
    as_root ip link delete docker0 2>/dev/null || true
  fi
  # A daemon that ends leaves this mounted at times.
  as_root umount -l "$run/exec/netns/default" 2>/dev/null || true
  as_root rm -rf "$run" "$own_docker_state"
  unset DOCKER_HOST
  say "Docker: the daemon of our own is stopped"
}

# A daemon that does not end when told, and the containerd below it.
end_daemon_of_docker() {
  local below
  mapfile -t below < <(offspring "$1")
  send KILL "$1" "${below[@]}"
}
