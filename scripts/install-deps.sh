#!/usr/bin/env bash
# Installs what frpx needs from Debian 12's own packages; as root, or with sudo.
#
#   scripts/install-deps.sh build    to build and run the programs
#   scripts/install-deps.sh test     also to run the tests
#   scripts/install-deps.sh bench    also to run the benchmarks
#
# What is there already is left alone: then this is over at once and needs no network. Nothing is
# ever removed. Boost 1.81's headers cannot be installed beside those of another Boost; on a machine
# that has others they are unpacked to .deps/boost, where the build finds them.
set -euo pipefail
cd "$(dirname "$0")/.."

build_packages=(
  clang-19 lld-19 libstdc++-12-dev cmake ninja-build pkg-config
  libssl-dev libsqlite3-dev libspdlog-dev libcli11-dev libsodium-dev libjwt-dev libtomlplusplus-dev
  libyaml-cpp-dev libc-ares-dev libpq-dev libhiredis-dev libnghttp2-dev ca-certificates curl python3
  nodejs npm)
test_packages=(
  postgresql redis-server prometheus doxygen jq openssh-server openssh-client iperf3
  dnsmasq-base bind9-dnsutils
  libgtest-dev libclang-rt-19-dev llvm-19 python3-pytest python3-h2 nghttp2-client
  g++ binutils iproute2 clang-format-19 clang-tidy-19 chromium)
bench_packages=(
  libbenchmark-dev nginx libnginx-mod-stream haproxy wrk socat linux-perf valgrind)
boost_package=libboost1.81-dev
boost_folder=.deps/boost

say() { printf '== %s\n' "$*"; }
fail() { printf 'install-deps: %s\n' "$*" >&2; exit 1; }

case "${1:-}" in
  build) wanted=("${build_packages[@]}") ;;
  test) wanted=("${build_packages[@]}" "${test_packages[@]}") ;;
  bench) wanted=("${build_packages[@]}" "${test_packages[@]}" "${bench_packages[@]}") ;;
  *) fail "usage: $0 build|test|bench" ;;
esac
command -v apt-get >/dev/null || fail "this script is for Debian; there is no apt-get here"

# Node.js may be another than Debian's, which brings its own npm and conflicts with Debian's.
installed() {
  case "$1" in
    nodejs) command -v node >/dev/null ;;
    npm) command -v npm >/dev/null ;;
    *) [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
  esac
}

missing=()
for package in "${wanted[@]}"; do
  installed "$package" || missing+=("$package")
done
boost_is_there() { installed "$boost_package" || [ -e "$boost_folder/usr/include/boost/url.hpp" ]; }
if [ ${#missing[@]} -eq 0 ] && boost_is_there; then
  say "all packages for '$1' are there"
  exit 0
fi

as_root=(env DEBIAN_FRONTEND=noninteractive)
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || fail "missing: ${missing[*]:-} ${boost_package}; run this as root, or install sudo"
  as_root=(sudo "${as_root[@]}")
fi
download=
made_policy=
tidy_up() {
  [ -z "$download" ] || rm -rf "$download"
  [ -z "$made_policy" ] || "${as_root[@]}" rm -f "$made_policy"
}
trap tidy_up EXIT
apt() { "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"; }
would_remove() { apt-get -s install --no-install-recommends "$@" | sed -n 's/^Remv \([^ ]*\).*/\1/p'; }

# Old package lists, or none, as in a fresh container.
known=("${missing[@]}")
boost_is_there || known+=("$boost_package")
if ! apt-get -s install --no-install-recommends "${known[@]}" >/dev/null 2>&1; then
  say "updating the package lists"
  apt update
fi

if ! boost_is_there; then
  if [ -n "$(would_remove "$boost_package")" ]; then
    say "unpacking $boost_package to $boost_folder, beside the Boost that this machine keeps"
    download=$(mktemp -d)
    chmod 755 "$download"  # apt's own user writes here when root downloads
    (cd "$download" && apt-get download "$boost_package")
    rm -rf "$boost_folder"
    mkdir -p "$boost_folder"
    dpkg-deb -x "$download"/*.deb "$boost_folder"
  else
    missing+=("$boost_package")
  fi
fi

if [ ${#missing[@]} -gt 0 ]; then
  removed=$(would_remove "${missing[@]}")
  [ -z "$removed" ] || fail "installing ${missing[*]} would remove $removed; nothing was changed"
  say "installing ${missing[*]}"
  # PostgreSQL, Redis and Prometheus are wanted as programs, not as services. Debian asks this file
  # whether a package may start its service.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    made_policy=$policy
  fi
  apt install -y --no-install-recommends --no-remove "${missing[@]}"
fi
say "all packages for '$1' are there"
