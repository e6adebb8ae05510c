#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The set-up script with a fake Debian: what a person sees when packages, network or disk are missing.
# scripts_test.sh SOURCE_DIR
set -u
source_dir=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

expect() { # NAME WANTED_CODE WANTED_TEXT  (reads $code and $output)
  if [ "$code" != "$2" ] || ! grep -qF -- "$3" <<<"$output"; then
    printf 'FAILED %s: exit code %s (want %s), output:\n%s\nwant: %s\n' "$1" "$code" "$2" "$output" "$3"
    failures=$((failures + 1))
  fi
  # One clear line is the contract: the last line carries the program's name.
  if [ "$2" != 0 ] && ! tail -n 1 <<<"$output" | grep -q '^ditscope: .* : .*'; then
    printf 'FAILED %s: the last line is not "ditscope: what : why : remedy":\n%s\n' "$1" "$output"
    failures=$((failures + 1))
  fi
}

# A source tree in a path with spaces, and tools that answer as each case needs.
tree="$work/a path with spaces"
mkdir -p "$tree/scripts" "$work/bin"
cp "$source_dir/scripts/setup.sh" "$source_dir/scripts/packages.txt" "$tree/scripts/"
fake() { printf '#!/bin/bash\n%s\n' "$2" >"$work/bin/$1"; chmod +x "$work/bin/$1"; }
run() { # commands after sourcing setup.sh
  output=$(PATH="$work/bin:$PATH" bash -c "set -euo pipefail; root='$tree'; . '$tree/scripts/setup.sh'; $1" 2>&1)
  code=$?
}

fake dpkg-query 'exit 1'
fake id 'echo 1000'
fake sudo 'exec "$@"'
fake apt-get 'echo "Temporary failure resolving deb.debian.org"; [ "$1" = update ]'
run install_missing
expect "no network" 4 "no network"

fake apt-get 'echo "E: You do not have enough free space in /var/cache/apt/archives/."; [ "$1" = update ]'
run install_missing
expect "disk full while installing" 4 "the disk is full"

fake apt-get 'echo "E: Unable to locate package libhwy-dev"; [ "$1" = update ]'
run install_missing
expect "unknown package" 4 "Unable to locate package libhwy-dev"

fake apt-get 'exit 0'
run install_missing
expect "apt says yes and installs nothing" 4 "packages are still missing"

rm "$work/bin/sudo"
mkdir "$work/tools" # a PATH without sudo
for tool in bash mktemp cut tr grep df awk tail printf cat rm; do ln -s "$(command -v $tool)" "$work/tools/$tool"; done
output=$(PATH="$work/bin:$work/tools" bash -c "set -euo pipefail; root='$tree'; DITSCOPE_JOBS=1; . '$tree/scripts/setup.sh'; install_missing" 2>&1)
code=$?
expect "neither root nor sudo" 4 "there is no sudo"

fake dpkg-query 'echo "install ok installed"'
run install_missing
expect "nothing missing" 0 ""

fake df 'printf "head\nx 1 1 20 1 /\n"'
run configure
expect "disk full before the build" 4 "20 MB are free"
rm "$work/bin/df"

fake cmake 'echo "CMake Error: broken"; exit 1'
run configure
expect "configure fails" 4 "cmake could not configure the build"

fake ninja 'echo "fatal: cannot write: No space left on device"; exit 1'
run 'mkdir -p "$build"; build_targets all'
expect "disk full during the build" 4 "the disk is full"

# The guard with fake programs: builds take turns, and the verdict's exit code is the script's.
for side in base new; do
  mkdir -p "$work/$side"
  printf '#!/bin/bash\nwhile [ $# -gt 1 ]; do shift; done\necho %s >>"%s/turns"\ntouch "$1"\n' $side "$work" >"$work/$side/ditscope-bench"
  printf '#!/bin/bash\necho "$*" >"%s/compared"\nexit 1\n' "$work" >"$work/$side/ditscope"
  chmod +x "$work/$side"/*
done
guard() { output=$(bash "$source_dir/scripts/guard.sh" "$@" 2>&1); code=$?; }
guard "$work/base" "$work/new" "$work/a folder"
turns=$(tr '\n' ' ' <"$work/turns") compared=$(cat "$work/compared")
[ "$code" = 1 ] && [ "$turns" = "base new new base base new " ] && grep -q 'base3.db -- .*new3.db .*--floor 0.05' <<<"$compared" || {
  printf 'FAILED guard: exit code %s, turns "%s", compared "%s"\n' "$code" "$turns" "$compared"
  failures=$((failures + 1))
}
guard "$work/nowhere" "$work/new" "$work/out"
expect "guard without a build" 3 "it has no ditscope-bench"

[ "$failures" = 0 ] && echo "scripts: all cases as expected"
exit "$((failures > 0))"
