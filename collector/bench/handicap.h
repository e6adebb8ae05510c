// SPDX-License-Identifier: Apache-2.0
// Makes contenders slower by a known share, to see whether a guard notices.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "collector/bench/contender.h"

namespace ditscope::collector::bench {

struct Handicap {
  std::string name;  // of contenders: a part of it
  double share = 0;  // of a call's own time, by which it becomes longer
};
[[nodiscard]] Handicap parseHandicap(
    const std::string& text);  // "ditscope-f32=5" in percent; throws db::Error

// The contenders, with the handicaps of those that have one. Their extra time is spent computing, by the
// clock that they are timed by.
[[nodiscard]] std::vector<Contender> withHandicaps(std::span<const Contender> contenders,
                                                   std::span<const Handicap> handicaps, int threads);

}  // namespace ditscope::collector::bench
