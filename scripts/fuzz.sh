#!/usr/bin/env bash
# Runs the fuzz targets under libFuzzer, ASan and UBSan.
#
#   scripts/fuzz.sh --minutes N [TARGET...]   N minutes in all, shared among the targets (all of them)
#   scripts/fuzz.sh --seconds N [TARGET...]   N seconds for each target
#   scripts/fuzz.sh --list
#   --coverage                                then shows what the corpora reach, line by line
#
# What is found is added to build/fuzz/corpus/TARGET; a crash stands in build/fuzz/crashes and ends the
# run with 1. Copy what is worth keeping to tests/fuzz/corpus/TARGET: ctest replays it for ever.
set -euo pipefail
cd "$(dirname "$0")/.."

minutes=0 seconds=0 coverage=false targets=()
usage() { sed -n '2,10s/^# \{0,1\}//p' "$0"; exit "$1"; }
known() { find src -name '*_fuzz.cpp' -printf '%f\n' | sed 's/_fuzz\.cpp$//' | sort; }
while [ $# -gt 0 ]; do
  case $1 in
    --minutes) minutes=${2:?}; shift ;;
    --seconds) seconds=${2:?}; shift ;;
    --coverage) coverage=true ;;
    --list) known; exit 0 ;;
    -h | --help) usage 0 ;;
    -*) usage 2 ;;
    *) targets+=("$1") ;;
  esac
  shift
done
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(known)
for target in "${targets[@]}"; do
  known | grep -qx "$target" || { printf 'fuzz: there is no target %s; see --list\n' "$target" >&2; exit 2; }
done
[ "$minutes" = 0 ] || seconds=$((minutes * 60 / ${#targets[@]}))
[ "$seconds" -gt 0 ] || usage 2

scripts/build.sh fuzz "${targets[@]/#/fuzz_}"
mkdir -p build/fuzz/crashes
for target in "${targets[@]}"; do
  printf '== %s, %s s\n' "$target" "$seconds"
  mkdir -p "build/fuzz/corpus/$target"
  "build/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix="build/fuzz/crashes/$target-" \
    "build/fuzz/corpus/$target" "tests/fuzz/corpus/$target"
done

$coverage || exit 0
# Another build, for libFuzzer's own instrumentation is no report.
cmake --preset fuzz-coverage --log-level=WARNING
cmake --build --preset fuzz-coverage --target "${targets[@]/#/fuzz_}"
objects=()
for target in "${targets[@]}"; do
  LLVM_PROFILE_FILE="build/fuzz-coverage/$target.profraw" \
    "build/fuzz-coverage/fuzz_$target" "tests/fuzz/corpus/$target" "build/fuzz/corpus/$target"
  objects+=(-object "build/fuzz-coverage/fuzz_$target")
done
llvm-profdata-19 merge -o build/fuzz-coverage/all.profdata build/fuzz-coverage/*.profraw
llvm-cov-19 report "${objects[@]}" -instr-profile=build/fuzz-coverage/all.profdata \
  -ignore-filename-regex='_fuzz\.cpp|/usr/|tests/|\.deps/' | tee build/fuzz-coverage/report.txt
printf 'line by line: llvm-cov-19 show %s -instr-profile=build/fuzz-coverage/all.profdata src/...\n' "${objects[*]}"
