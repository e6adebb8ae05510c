// SPDX-License-Identifier: Apache-2.0
#include "collector/bench/handicap.h"

#include <charconv>

#include "collector/bench/sampling.h"
#include "db/error.h"
#include "kernels/cpu_peak.h"

namespace ditscope::collector::bench {
namespace {

constexpr int64_t kBusySteps =
    500;  // between two looks at the clock; idle vector units would slow what comes next
constexpr double kMostPercent = 10'000;

}  // namespace

Handicap parseHandicap(const std::string& text) {
  const size_t equals = text.rfind('=');
  double percent = 0;
  if (equals != std::string::npos && equals > 0) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + equals + 1, end, percent);
    if (error == std::errc() && stop == end && percent > 0 && percent <= kMostPercent)
      return {text.substr(0, equals), percent / 100};
  }
  throw db::Error(db::Error::Kind::BadInput, "--slow-down " + text, "is not a name and a percentage",
                  "write NAME=PERCENT, for example ditscope-f32=5");
}

std::vector<Contender> withHandicaps(std::span<const Contender> contenders,
                                     std::span<const Handicap> handicaps, int threads) {
  std::vector<Contender> all(contenders.begin(), contenders.end());
  for (Contender& contender : all)
    for (const Handicap& handicap : handicaps) {
      if (contender.name.find(handicap.name) == std::string::npos) continue;
      contender.run = [run = contender.run, share = handicap.share, threads] {
        const double start = benchClock(threads);
        run();
        const double end = start + (1 + share) * (benchClock(threads) - start);
        while (benchClock(threads) < end) kernels::runFmaChains(kBusySteps);
      };
    }
  return all;
}

}  // namespace ditscope::collector::bench
