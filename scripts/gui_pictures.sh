#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Draws the pictures of docs/gui.md: one of the window and one of each view, from the stored recording of the
# demo model. What compares two runs needs a second one: recorded when ditscope-collect is there, else made up.
#   scripts/gui_pictures.sh BIN_DIR [OUT_DIR]      OUT_DIR: default docs/gui; docs/window.png is its window.png
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
fail() { printf 'ditscope: %s\n' "$*" >&2; exit 3; }
[ $# -ge 1 ] || fail "gui_pictures.sh : no folder of programs is named : scripts/gui_pictures.sh build/bin"
bin=$(cd "$1" && pwd)
out=${2:-$root/docs/gui}
[ -x "$bin/ditscope-gui" ] || fail "$bin : there is no ditscope-gui : build it first"
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export QT_QPA_PLATFORM=offscreen

a=$root/tests/data/demo.db
b=$work/other.db
if [ -x "$bin/ditscope-collect" ]; then
  collect=("$bin/ditscope" collect --model demo-video --label 9 --steps 20 --record mass --quiet)
  "${collect[@]}" --method topk:density=0.25,dense_steps=4 --frames "$work/dense-frames" --out "$work/dense.db"
  "${collect[@]}" --method window:frames=1,dense_steps=4 --frames "$work/other-frames" --out "$b"
  a=$work/dense.db
else
  a=$work/before.db
  "$bin/ditscope-make-trace" "$a" --steps 20 --layers 6 --heads 6
  "$bin/ditscope-make-trace" "$b" --steps 20 --layers 6 --heads 6 --density 0.15 --slowdown 0.8 --seed 2
fi

picture() { # NAME VIEW SIZE arguments...
  local name=$1 view=$2 size=$3
  shift 3
  "$bin/ditscope-gui" "$@" --screenshot "$out/$name.png" --view "$view" --size "$size"
  printf '%s\n' "$out/$name.png"
}
one=("$root/tests/data/demo.db" --select "step=10,layer=2,head=0")
two=("$a" "$b" --select "step=10,layer=2,head=0")
picture window window 1400x860 "${one[@]}"
[ $# -ge 2 ] || mv "$out/window.png" "$root/docs/window.png"
picture dark window 1400x860 "${one[@]}" --dark --tabs config,whatif
for view in $("$bin/ditscope-gui" --list-views | awk 'NR > 1 {print $1}'); do
  case $view in
    compare) ;;  # shown by difference.png
    frames) [ -d "$work/other-frames" ] && picture frames frames 900x640 "${two[@]}" ;;
    config|kernels|whatif) picture "$view" "$view" 900x640 "${one[@]}" ;;
    similarity|driftmap|classes) picture "$view" "$view" 720x760 "${one[@]}" ;;
    *) picture "$view" "$view" 760x560 "${one[@]}" ;;
  esac
done
picture difference window 1400x860 "${two[@]}" --show difference --tabs compare
