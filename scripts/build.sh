#!/usr/bin/env bash
# Configures and builds a preset: scripts/build.sh [PRESET [TARGET...]]; by default all of release.
# What has not changed is not built again.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-release}
[ $# -eq 0 ] || shift
targets=()
[ $# -eq 0 ] || targets=(--target "$@")
cmake --preset "$preset" --log-level=WARNING
cmake --build --preset "$preset" "${targets[@]}"
