#!/usr/bin/env bash
# Installs what the tests need, builds, and runs all of ctest.
#
#   scripts/test.sh                in the Release tree, assertions on
#   scripts/test.sh --asan         under AddressSanitizer and UBSan
#   scripts/test.sh --tsan         under ThreadSanitizer
#   scripts/test.sh -R config      further arguments go to ctest
set -euo pipefail
cd "$(dirname "$0")/.."

preset=release
case "${1:-}" in
  --asan) preset=asan; shift ;;
  --tsan) preset=tsan; shift ;;
  -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac

scripts/install-deps.sh test
scripts/build.sh "$preset"
exec ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j "$(nproc)" "$@"
