#!/usr/bin/env bash
# From a fresh Debian 12 to requests through a tunnel, on this machine alone.
#
#   scripts/quickstart.sh            installs what the build needs, builds, starts a demo server, two
#                                    clients and a small local service, sends requests, and runs
#                                    until Ctrl-C
#   scripts/quickstart.sh --check    the same on free ports, checks the answers and ends: with 0, or
#                                    with 1 and the name of the step that failed
#
# Everything listens on loopback. Nothing is left behind but build/ and the packages.
set -euo pipefail
cd "$(dirname "$0")/.."

check=false
case "${1:-}" in
  "") ;;
  --check) check=true ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0"; [ "$1" = --help ] || [ "$1" = -h ] || exit 2; exit 0 ;;
esac

step=start
scratch=
pids=()
begin() { step=$1; printf '== %s\n' "$step"; }

# Ends what was started, last first, and keeps its logs only to show them.
stop_all() {
  local pid clean=0
  for ((i = ${#pids[@]} - 1; i >= 0; --i)); do
    pid=${pids[i]}
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" || clean=$?
  done
  pids=()
  return "$clean"
}

finish() {
  local code=$?
  trap - EXIT INT TERM
  stop_all || true
  if [ "$code" -ne 0 ]; then
    if [ -n "$scratch" ]; then tail -n 15 "$scratch"/*.log >&2 2>/dev/null || true; fi
    printf 'quickstart: failed at: %s\n' "$step" >&2
  fi
  [ -z "$scratch" ] || rm -rf "$scratch"
  exit "$code"
}
trap finish EXIT
trap 'exit 1' INT TERM

fail() { printf 'quickstart: %s\n' "$*" >&2; exit 1; }

# start NAME COMMAND...: in the background, with its log in NAME.log.
start() {
  local name=$1
  shift
  "$@" >"$scratch/$name.log" 2>&1 </dev/null &
  pids+=($!)
}

# wait_until SECONDS WHAT COMMAND...: until the command succeeds, unless a program has died.
wait_until() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    for pid in "${pids[@]}"; do kill -0 "$pid" 2>/dev/null || fail "a program ended while waiting for $what"; done
    [ "$SECONDS" -lt "$deadline" ] || fail "waited in vain for $what"
    sleep 0.1
  done
}

# member FILE NAME: a number of a flat JSON object.
member() { sed -n "s/.*\"$2\": *\([0-9]*\).*/\1/p" "$1"; }

key=abc123
# ask CURL-ARGUMENTS...: a request to the public port with a valid key.
ask() { curl -sS --fail-with-body --max-time 20 -H "Authorization: Bearer $key" "$@"; }
chat() { ask "$public/v1/chat/completions" -H 'Content-Type: application/json' -d "{\"model\":\"$1\",\"messages\":[]}"; }

is_registered() { curl -s --max-time 5 "$api/api/clients" | grep -q "\"client_id\": *\"$1\""; }
models_are_routed() {
  for _ in 1 2 3 4 5 6 7 8; do
    chat office-model | grep -q 'hello from office' || return 1
    chat cloud-model | grep -q 'hello from cloud' || return 1
  done
}

begin "packages"
scripts/install-deps.sh build

begin "build"
scripts/build.sh release frps frpc
bin=build/release/bin

scratch=$(mktemp -d)
begin "local service"
start service python3 examples/local_service.py office cloud --ready-file "$scratch/service.json"
wait_until 10 "the local service" test -e "$scratch/service.json"

begin "server"
ports=()
if $check; then ports=(--control-port 0 --proxy-port 0 --public-port 0 --api-port 0); fi
start frps env -u DATABASE_URL -u REDIS_URL -u API_KEY "$bin/frps" --demo --access-log --ready-file "$scratch/ports.json" "${ports[@]}"
wait_until 10 "the server's ports" test -e "$scratch/ports.json"
public=http://127.0.0.1:$(member "$scratch/ports.json" public)
api=http://127.0.0.1:$(member "$scratch/ports.json" api)

begin "clients"
for name in office cloud; do
  mkdir "$scratch/$name"
  start "frpc-$name" env FRPX_PASSWORD=123456 "$bin/frpc" --client-id "$name" --email test@example.com \
    --control-port "$(member "$scratch/ports.json" control)" \
    --proxy-port "$(member "$scratch/ports.json" proxy)" \
    --local-port "$(member "$scratch/service.json" "$name")" \
    --token-file "$scratch/$name/token.json" --data-dir "$scratch/$name"
done
for name in office cloud; do wait_until 15 "client $name" is_registered "$name"; done

begin "requests"
served=
for number in 1 2 3 4 5 6 7 8; do
  answer=$(ask "$public/")
  printf '   request %s was served by client %s\n' "$number" "${answer#hello from }"
  served+="$answer "
done
if $check; then
  for ((more = 0; more < 40; ++more)); do served+="$(ask "$public/") "; done
  for name in office cloud; do
    [[ $served == *"hello from $name "* ]] || fail "client $name served none of 48 requests"
  done

  begin "one client by its id"
  for name in office cloud; do
    [ "$(ask -H "client_id: $name" "$public/")" = "hello from $name" ] || fail "client_id $name was not obeyed"
  done

  begin "one client by its model"
  wait_until 20 "requests for a model to reach the client that has it" models_are_routed

  begin "wrong keys"
  [ "$(curl -s -o "$scratch/refused" -w '%{http_code}' -H 'Authorization: Bearer wrong' "$public/")" = 401 ] ||
    fail "a wrong key was not refused with 401"
  grep -q 'Invalid API key' "$scratch/refused" || fail "the refusal does not say why"
  [ "$(curl -s -o /dev/null -w '%{http_code}' "$public/")" = 401 ] || fail "no key was not refused with 401"

  begin "shutdown"
  stop_all || fail "a program did not end cleanly on SIGTERM"
  printf 'quickstart: all steps passed\n'
  exit 0
fi

cat <<TEXT

A server, two clients ("office" and "cloud") and a local service behind each are running.

   visitors    $public
   operators   $api/api/clients

Try:

   curl -H 'Authorization: Bearer $key' $public/
   curl -H 'Authorization: Bearer $key' -H 'client_id: cloud' $public/
   curl -H 'Authorization: Bearer $key' $public/v1/chat/completions -d '{"model":"office-model","messages":[]}'
   curl -i $public/            # no key: 401
   curl $api/api/health

Ctrl-C ends everything.
TEXT
step=running
trap 'exit 0' INT TERM
wait -n "${pids[@]}" || true
fail "a program ended by itself"
