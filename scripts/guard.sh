#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Did the attention kernels get slower from one build to another? Benchmarks both in turns, so that what the
# machine does meanwhile meets both alike, and compares:
#   scripts/guard.sh BASE_BIN NEW_BIN FOLDER [options of ditscope bench]
# BASE_BIN and NEW_BIN are the bin folders of two builds. RUNS=3 runs of each; changes below FLOOR=0.05 do not
# matter (0 leaves that to `ditscope compare`, for a quiet machine). The traces and summary.md, a summary in
# GitHub's Markdown, lie in FOLDER. Exit codes are those of `ditscope compare`: 0 no kernel got slower, 1 one did,
# 2 it cannot be told, 3 bad input, 4 a failure of ours. For example
#   scripts/guard.sh base/build/bin build/bin out/guard --shape 1,8,1024,64
set -euo pipefail
export OMP_WAIT_POLICY=passive
[ $# -ge 3 ] || { sed -n '3,11s/^# \{0,1\}//p' "$0" >&2; exit 3; }
base=$1 new=$2 folder=$3
shift 3
[ $# -gt 0 ] || set -- --shape 1,8,1024,64 --shape 1,8,1024,128
for bin in "$base" "$new"; do
  [ -x "$bin/ditscope-bench" ] || { echo "ditscope: $bin : it has no ditscope-bench : build the target first" >&2; exit 3; }
done
mkdir -p "$folder"
rm -f "$folder"/base[0-9]*.db "$folder"/new[0-9]*.db
once() { "$1/ditscope-bench" --threads 1 --only ditscope --density 0.25 "${@:3}" --quiet --overwrite --out "$folder/$2.db"; }
for ((run = 1; run <= ${RUNS:-3}; ++run)); do
  if ((run % 2)); then
    once "$base" "base$run" "$@"; once "$new" "new$run" "$@"
  else
    once "$new" "new$run" "$@"; once "$base" "base$run" "$@"
  fi
done
status=0
"$new/ditscope" compare "$folder"/base[0-9]*.db -- "$folder"/new[0-9]*.db --kernel ditscope \
  --floor "${FLOOR:-0.05}" \
  --markdown "$folder/summary.md" || status=$?
exit "$status"
