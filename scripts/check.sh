#!/usr/bin/env bash
# Everything that holds the project: what CI runs, and clang-tidy. Says how long each step took.
#
#   scripts/check.sh             all steps
#   scripts/check.sh STEP...     of: ci format tidy asan tsan fuzz
#
# ci      .ci/run: the whole suite in the Release tree, the soak's minute, three seconds of each fuzz
#         target, the quickstart
# format  clang-format would change nothing
# tidy    the checks of .clang-tidy find nothing in src/ and apps/
# asan    the whole suite under AddressSanitizer and UBSan
# tsan    all rooms with threads, and the built programs, under ThreadSanitizer
# fuzz    every fuzz target for thirty seconds beyond its corpus
set -uo pipefail
cd "$(dirname "$0")/.." || exit

usage() { sed -n '2,13s/^# \{0,1\}//p' "$0"; exit "$1"; }
steps=("$@")
[ $# -gt 0 ] || steps=(ci format tidy asan tsan fuzz)

ci() { ./.ci/run; }
format() { scripts/format.sh --check; }
tidy() {
  scripts/install-deps.sh test && cmake --preset release --log-level=WARNING || return
  run-clang-tidy-19 -quiet -p build/release -warnings-as-errors='*' '/(src|apps)/.*\.cpp$' 2>/dev/null
}
asan() { scripts/test.sh --asan -LE soak; }
# Codecs and state machines have no thread; everything above them has.
tsan() {
  export TSAN_OPTIONS="suppressions=$PWD/tests/tsan-suppressions.txt exitcode=99"
  scripts/test.sh --tsan -LE soak -R '^(net|client|library|gateway|tunnel|api|keeper|server|identity|cache|store|integration|system)\.'
}
fuzz() { scripts/fuzz.sh --seconds 30; }

times=()
failed=0
for step in "${steps[@]}"; do
  case $step in
    ci | format | tidy | asan | tsan | fuzz) ;;
    *) usage 2 ;;
  esac
  printf '\n== %s\n' "$step"
  began=$SECONDS code=0
  "$step" || code=$?
  times+=("$(printf '%5d s  %-8s %s' "$((SECONDS - began))" "$step" "$([ "$code" -eq 0 ] && echo passed || echo FAILED)")")
  [ "$code" -eq 0 ] || failed=1
done
printf '\n'
printf '%s\n' "${times[@]}"
exit "$failed"
