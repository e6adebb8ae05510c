# SPDX-License-Identifier: Apache-2.0
# Sourced by ./demo and ./check: installs what is missing from Debian, configures, builds.
# Every failure ends in one line that says what to do.

build="$root/build"
jobs=${DITSCOPE_JOBS:-$(nproc)}

say() { printf '%s\n' "$*"; }
fail() { printf 'ditscope: %s\n' "$*" >&2; exit 4; }

# Prints the tail of a log and the reason it most likely failed for.
explain_failure() { # WHAT LOG
  tail -n 15 "$2" >&2
  if grep -qiE 'no space left|disk quota' "$2" || [ "$(free_mib "$root")" -lt 50 ]; then
    fail "$1 : the disk is full : free some space under $root (the build needs about 2 GB) and run this again"
  fi
  fail "$1 : see the lines above, the whole output is in $2 : mend it and run this again"
}

free_mib() { df -Pm "$1" | awk 'NR==2 {print $4}'; }

missing_packages() {
  local name why
  while read -r name why; do
    case $name in ''|'#'*) continue ;; esac
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || printf '%s\t%s\n' "$name" "$why"
  done <"$root/scripts/packages.txt"
}

install_missing() {
  if ! command -v dpkg-query >/dev/null; then
    say "This is not a Debian system: taking the packages of scripts/packages.txt as installed by other means."
    return
  fi
  local missing names as_root=() log
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  say "Installing from Debian, because they are missing here:"
  printf '%s\n' "$missing" | while IFS=$'\t' read -r name why; do printf '  %-22s %s\n' "$name" "$why"; done
  names=$(printf '%s\n' "$missing" | cut -f1)
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null ||
      fail "packages are missing : you are not root and there is no sudo : as root run: apt-get install $(echo $names)"
    as_root=(sudo)
  fi
  log=$(mktemp)
  # Environment variables do not survive sudo, so they travel inside the command.
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update >"$log" 2>&1 ||
     ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $names >>"$log" 2>&1; then
    if grep -qiE 'could not resolve|temporary failure|could not connect|network is unreachable|connection (failed|timed out)|unable to connect' "$log"; then
      fail "cannot install packages : no network, or Debian's mirror does not answer : connect, or install these by hand: $(echo $names)"
    fi
    if grep -qiE 'no space left|not enough free space|enough free space in' "$log"; then
      fail "cannot install packages : the disk is full : free about 3 GB on the system disk and run this again"
    fi
    if grep -q 'Unable to locate package' "$log"; then
      fail "cannot install packages : $(grep -m1 -o 'Unable to locate package .*' "$log") : DiTScope is made for Debian 12 (bookworm); enable its main repository"
    fi
    explain_failure "cannot install packages" "$log"
  fi
  # apt-get update reports a missing network as a warning and exits with 0, so look at the result.
  [ -z "$(missing_packages)" ] ||
    fail "packages are still missing : $(missing_packages | cut -f1 | tr '\n' ' '): see $log"
  rm -f "$log"
}

# Several sources a compiler run: a build of everything takes half the time, a change of one line longer.
whole_build=(-DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=20)

configure() { # extra cmake arguments
  local free log="$build/configure.log"
  free=$(free_mib "$root")
  if [ ! -f "$build/build.ninja" ] && [ "$free" -lt 1500 ]; then
    fail "cannot build : $free MB are free under $root : the build needs about 1500 MB, free some space"
  fi
  mkdir -p "$build" 2>/dev/null || fail "cannot create $build : $(mkdir -p "$build" 2>&1 | sed 's/.*: //') : check permissions and free space"
  cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release "${whole_build[@]}" "$@" >"$log" 2>&1 ||
    explain_failure "cmake could not configure the build" "$log"
}

build_targets() { # targets; progress on a terminal, a log otherwise
  local log="$build/build.log"
  say "Building with $jobs jobs (the first time takes some minutes) ..."
  if [ -t 1 ]; then
    (set -o pipefail; ninja -C "$build" -j "$jobs" "$@" 2>&1 | tee "$log") || explain_failure "the build failed" "$log"
  else
    ninja -C "$build" -j "$jobs" "$@" >"$log" 2>&1 || explain_failure "the build failed" "$log"
  fi
}
