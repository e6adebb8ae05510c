#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every command of README's sh blocks, in order, in an empty folder, with the built programs on PATH.
# readme_test.sh SOURCE_DIR BIN_DIR
# Left out here because they are run as a whole elsewhere: git, cd, ./demo and ./check. Lines that open the
# window are given a screenshot to write instead. Without a collector the recording is a copy of the stored trace.
set -u
source_dir=$1
bin_dir=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 4
ln -s "$source_dir/tests" tests # captures that the README imports
export PATH="$bin_dir:$PATH" QT_QPA_PLATFORM=offscreen
ran=0
while IFS= read -r line; do
  command=${line%%  #*} # the comment after two blanks
  case $command in
    ''|'#'*|git\ *|cd\ *|./demo*|./check*) continue ;;
    *'import tests/'*|*'export run.db'*) ;; # a capture; a trace that is there without a collector
    *bench*|*methods*|*tune*|*explain*|*verify*|*export*|*import*|*diff*|*' --config '*)
      [ -x "$bin_dir/ditscope-collect" ] || continue ;;& # they need a recording of the collector's
    *collect*)
      if [ ! -x "$bin_dir/ditscope-collect" ]; then
        cp "$source_dir/tests/data/demo.db" run.db
        continue
      fi ;;
    *gui*)
      [ -x "$bin_dir/ditscope-gui" ] || continue
      [[ $command == *--screenshot* ]] || command="$command --screenshot window.png --view window" ;;
  esac
  printf '$ %s\n' "$command"
  if ! output=$(bash -c "$command" 2>&1); then
    printf '%s\nFAILED: %s\n' "$output" "$command"
    exit 1
  fi
  ran=$((ran + 1))
done < <(awk '/^```sh$/ {inside=1; next} /^```/ {inside=0} inside' "$source_dir/README.md")
[ "$ran" -gt 0 ] || { echo "no command found in README.md"; exit 1; }
echo "readme: $ran commands ran"
