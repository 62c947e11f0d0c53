#!/usr/bin/env bash
# Formats all C++ of the project as .clang-format says; with --check only tells what would change.
set -euo pipefail
cd "$(dirname "$0")/.."

how=(-i)
[ "${1:-}" != --check ] || how=(--dry-run -Werror)
git ls-files -z --cached --others --exclude-standard '*.cpp' '*.hpp' | xargs -0 -r clang-format-19 "${how[@]}"
