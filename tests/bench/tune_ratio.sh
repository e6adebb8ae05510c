#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Is a tuned configuration faster than the best setting that all heads share, at equal recall? For each method the
# knob is searched whose run has the recall that the tuned run measures; then all of them take turns, and what their
# self-attention took, mask search included, is compared round by round: in processor time, which a busy machine
# disturbs little, and by the clock.
set -euo pipefail
export OMP_WAIT_POLICY=passive LC_ALL=C

usage() {
  cat <<TXT
Usage: tests/bench/tune_ratio.sh CONFIG.json DENSE.db [--rounds N] [--methods "NAME ..."] [--tries N] [--bin DIR] [--work DIR]

  CONFIG.json   made by ditscope tune; its schedule (which steps are dense) is that of every contender
  DENSE.db      dense recording of the sample that is repeated
  --rounds N    in which every contender runs once (default 7), after one that does not count
  --methods     default: all that have a line in this script; names as topk and topp-head
  --tries N     runs that the search for one method's knob may take (default 8)
  --bin DIR     with ditscope and ditscope-collect (default build/bin)
  --work DIR    for traces, configurations and table.md (default: a temporary folder)
TXT
}

fail() { printf 'tune_ratio: %s\n' "$*" >&2; exit 3; }

# name:parameters  knob  smallest  largest  scale, from sparse to dense
uniform_methods() {
  cat <<TXT
topk: density 0.01 1 log
topk:scope="head" density 0.01 1 log
topk:source="pooled" density 0.01 1 log
topp: share 0.05 1 linear
topp:scope="head" share 0.05 1 linear
topp:source="pooled" share 0.05 1 linear
window: frames 0 8 whole
adaspa: density 0.01 1 log
sparge: cdfthreshd 0.05 1 linear
xattention: tau 0.05 1 linear
minference: density 0.01 1 log
svg: density 0.02 1 log
svg2: top_p 0.05 1 linear
sta: density 0.02 1 log
radial: decay 0.02 8 log
blasst: lambda 1 1e-6 log
dynsparse: p 100 1e-6 log
TXT
}

config=${1:-}; dense=${2:-}
case $config in ''|-h|--help) usage; exit 0 ;; esac
[ -f "$config" ] && [ -f "$dense" ] || { usage >&2; fail "there is no such file : $config or $dense : name both"; }
shift 2
rounds=7 only="" tries=8 bin=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/bin work=""
while [ $# -gt 0 ]; do
  case $1 in
    --rounds) rounds=$2 ;;
    --methods) only=$2 ;;
    --tries) tries=$2 ;;
    --bin) bin=$2 ;;
    --work) work=$2 ;;
    *) usage >&2; fail "unknown option $1 : see above : remove it" ;;
  esac
  shift 2
done
if [ -z "$work" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
mkdir -p "$work"

# First number behind a key at this depth of indentation.
number() { # KEY INDENT FILE
  sed -n "s/^ \{$2\}\"$1\": \([-+0-9.e]*\).*/\1/p" "$3" | head -n 1
}

recall_of() { # CONFIG: records it; a missed promise is no failure here
  local name
  name=$(basename "$1" .json)
  "$bin/ditscope" verify "$1" --against "$dense" --out "$work/$name.db" --json >"$work/$name.verify.json" 2>"$work/$name.log" ||
    [ $? = 1 ] || fail "$1 cannot be verified : $(tail -n 1 "$work/$name.log") : mend it"
  rm -f "$work/$name.db"
  number recall 2 "$work/$name.verify.json"
}

# The tuned configuration without its overrides and promise, with one method for all heads.
uniform_config() { # METHOD PARAMETERS FILE
  awk -v line="  \"defaults\": {\"method\": \"$1\", \"parameters\": {$2}}" '
    /^  "overrides": \[$/ { skip = 1; print "  \"overrides\": []"; next }
    skip && /^  \]/ { skip = 0; next }
    skip || /^  "x-/ { next }
    /^  "defaults":/ { print line ","; next }
    { print }' "$config" >"$3"
}

at() { # LO HI SCALE POSITION: the knob at 0 = sparsest to 1 = densest
  awk -v lo="$1" -v hi="$2" -v scale="$3" -v x="$4" 'BEGIN {
    v = scale == "log" ? lo * (hi / lo) ^ x : lo + (hi - lo) * x
    printf scale == "whole" ? "%.0f" : "%.4g", v }'
}

# Leaves the sparsest setting found with at least the wanted recall, else says so and returns 1. The recall is
# taken as linear between two measured knobs, and that of the densest as 1; every third time the interval is halved.
find_uniform() { # NAME METHOD FIXED KNOB LO HI SCALE
  local low=0 low_recall=0 high=1 high_recall=1 position=$target value recall best="" tried=" " i
  for ((i = 1; i <= tries; ++i)); do
    [ "$i" = "$tries" ] && [ -z "$best" ] && position=1
    value=$(at "$5" "$6" "$7" "$position")
    case $tried in *" $value "*) break ;; esac
    tried="$tried$value "
    uniform_config "$2" "${3:+$3, }\"$4\": $value" "$work/$1.json"
    recall=$(recall_of "$work/$1.json")
    if awk -v r="$recall" -v t="$target" 'BEGIN { exit !(r >= t - 0.0005) }'; then
      best="$value $recall" high=$position high_recall=$recall
      cp "$work/$1.json" "$work/$1.best.json"
    else
      low=$position low_recall=$recall
    fi
    if awk -v r="$recall" -v t="$target" 'BEGIN { exit !(r >= t - 0.0005 && r <= t + 0.003) }'; then break; fi
    position=$(awk -v a="$low" -v ra="$low_recall" -v b="$high" -v rb="$high_recall" -v t="$target" -v i="$i" 'BEGIN {
      x = i % 3 == 0 || rb <= ra ? 0.5 : (t + 0.001 - ra) / (rb - ra)
      print a + (b - a) * (x < 0.05 ? 0.05 : x > 0.95 ? 0.95 : x) }')
  done
  [ -n "$best" ] || { printf '%-16s does not reach it: recall %s\n' "$1" "$recall" >&2; return 1; }
  mv "$work/$1.best.json" "$work/$1.json"
  printf '%-16s %s = %s, recall %s\n' "$1" "$4" $best >&2
  printf '%s %s %s %s\n' "$1" "$4" $best >>"$work/contenders"
}

json=$("$bin/ditscope" info "$dense" --json)
printf '%s\n' "$json" >"$work/info.json"
field() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" "$work/info.json" | head -n 1; }
request=(--model "$(field model_path)" --seed "$(field seed)" --label "$(field label)" --guidance "$(field guidance)")

cp "$config" "$work/tuned.json"
target=$(recall_of "$work/tuned.json")
[ -n "$target" ] || fail "$config has no measured recall : its run kept every block : tune it for less"
printf 'tuned: recall %s\n' "$target" >&2
printf 'tuned - - %s\n' "$target" >"$work/contenders"
uniform_config dense "" "$work/dense.json"
printf 'dense - - 1\n' >>"$work/contenders"
while read -r spec knob lo hi scale; do
  method=${spec%%:*} fixed=${spec#*:}
  name=$method parameters=""
  if [ -n "$fixed" ]; then
    name=$method-$(printf '%s' "${fixed#*=}" | tr -d '"')
    parameters="\"${fixed%%=*}\": ${fixed#*=}"
  fi
  case " $only " in '  '|*" $name "*) ;; *) continue ;; esac
  find_uniform "$name" "$method" "$parameters" "$knob" "$lo" "$hi" "$scale" </dev/null || true
done < <(uniform_methods)

time_of() { # NAME: ns of attention and of search by the clock, and of both by the processor
  "$bin/ditscope-collect" "${request[@]}" --config "$work/$1.json" --record stats --out "$work/round.db" --overwrite \
    --json 2>/dev/null >"$work/round.json"
  echo "$(number attention_ns 2 "$work/round.json") $(number search_ns 2 "$work/round.json")" \
    "$(number self_attention_processor_ns 2 "$work/round.json")"
}

load_before=$(cut -d' ' -f1-3 /proc/loadavg)
: >"$work/times"
for ((round = 0; round <= rounds; ++round)); do
  while read -r name _; do
    printf '%s %s %s\n' "$round" "$name" "$(time_of "$name" </dev/null)" >>"$work/times"
  done <"$work/contenders"
done
load_after=$(cut -d' ' -f1-3 /proc/loadavg)

median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
of() { awk -v name="$1" "\$1 > 0 && \$2 == name { print $2 }" "$work/times"; } # NAME EXPRESSION; round 0 warms up
ratio() { # NAME EXPRESSION: of tuned to it, round by round: median (least to most)
  paste <(of tuned "$2") <(of "$1" "$2") | awk '{ print $1 / $2 }' | sort -g >"$work/ratios"
  printf '%.3f (%.3f to %.3f)' "$(median <"$work/ratios")" "$(head -n 1 "$work/ratios")" "$(tail -n 1 "$work/ratios")"
}
{
  printf '| setting | recall | processor, ms | kernels, ms | mask search, ms | tuned / it, processor | by the clock | |\n'
  printf '|---|---|---|---|---|---|---|---|\n'
  while read -r name knob value recall; do
    ratio=$(ratio "$name" '$5')
    printf '| %s | %.4f | %.0f | %.0f | %.0f | %s | %s | %s |\n' \
      "$([ "$knob" != - ] && echo "$name, $knob = $value" || { [ "$name" = dense ] && echo dense || echo "tuned, per head"; })" \
      "$recall" \
      "$(of "$name" '$5 / 1e6' | median)" "$(of "$name" '$3 / 1e6' | median)" "$(of "$name" '$4 / 1e6' | median)" \
      "$ratio" "$(ratio "$name" '$3 + $4')" \
      "$([ "$name" = tuned ] || awk -v r="${ratio%% *}" 'BEGIN { print r < 1 ? "tuned is faster" : "TUNED IS SLOWER" }')"
  done <"$work/contenders"
  printf '\nMedians of %s interleaved rounds; load average %s before, %s after.\n' "$rounds" "$load_before" "$load_after"
} | tee "$work/table.md"
