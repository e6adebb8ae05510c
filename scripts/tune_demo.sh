#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From one dense recording to two configurations with their proof: one for a recall, one for a speed-up.
# scripts/tune_demo.sh BIN OUT STEPS: programs, folder for what it makes, sampling steps.
set -euo pipefail
export OMP_WAIT_POLICY=passive
bin=$1 out=$2 steps=$3
dense="$out/dense-$steps.db"
probe="$out/probe-$steps.db"
bench="$out/bench.db"
# Their masks are made of pooled q and k, with no dense search; what they keep, masses cannot tell.
pooled=("topp:source=pooled,share=0.95" "topp:source=pooled,share=0.7")
mkdir -p "$out"

say() { printf '%s\n' "$*"; }
finalised() { [ -f "$1" ] && "$bin/ditscope" info "$1" --json 2>/dev/null | grep -q '"finalised": *true'; }
number() { # KEY INDENT FILE: the first with this key at this depth
  sed -n "s/^ \{$2\}\"$1\": \([^,]*\),*$/\1/p" "$3" | head -n 1
}

if finalised "$dense"; then
  say "Using the dense recording of an earlier run, $dense (delete it to record again)."
else
  say "Recording $steps dense steps of the demo video model with their block masses ..."
  "$bin/ditscope" collect --model demo-video --label 9 --steps "$steps" --record mass --out "$dense" --overwrite
fi
if ! finalised "$probe"; then
  say "Recording one sparse run, for what a mask search costs and how errors follow from lost mass ..."
  "$bin/ditscope" collect --model demo-video --label 9 --steps "$steps" --method topp:share=0.9 --record mass \
    --out "$probe" --overwrite
fi
if ! finalised "$bench"; then
  say "Measuring the attention kernel at several densities ..."
  "$bin/ditscope" bench --shape 1,4,2048,32 --density 0.75,0.5,0.25,0.125,0.0625,0.03125 --rounds 40 \
    --out "$bench" --overwrite --quiet
fi

table=""
prove() { # NAME TARGET...: tunes, runs, compares
  local name=$1 config="$out/$1.json" report="$out/$1.verify.json"
  shift
  say ""
  say "Tuning for $* ..."
  "$bin/ditscope" tune "$dense" "$@" --probe "$probe" "${pooled[@]}" --probe-dir "$out/probes-$steps" \
    --latency "$bench" --out "$config"
  say ""
  say "Running the configuration, and comparing with what it promised ..."
  rm -f "$out/$name.db"
  local code=0
  "$bin/ditscope" verify "$config" --against "$dense" --out "$out/$name.db" --rounds 3 --json >"$report" || code=$?
  [ "$code" -le 1 ] || exit "$code"
  say "Head by head: ditscope verify $config --against $dense $out/$name.db"
  table+=$(printf '%-28s %-8s %8.4f %8.4f %8.4f %7.2f x %7.2f x %6.1f %%' "$*" \
    "$([ "$code" = 0 ] && echo kept || echo MISSED)" "$(number recall 2 "$report")" \
    "$(number predicted 4 <(sed -n '/^  "promise"/,/^  }/p' "$report"))" "$(number error 2 "$report")" \
    "$(number speedup 4 "$report")" "$(number predicted_speedup 4 "$report")" \
    "$(number flops_share 4 "$report" | awk '{ print 100 * $1 }')")
  table+=$'\n'
}
prove tuned-recall --recall 0.95
prove tuned-speedup --speedup 2

say ""
printf '%-28s %-8s %8s %8s %8s %9s %9s %8s\n' target promise recall predict. error faster predicted FLOPs
printf '%s' "$table"
