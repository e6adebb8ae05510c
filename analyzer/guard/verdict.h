// SPDX-License-Identifier: Apache-2.0
// Whether one kernel got slower. Two things must agree before anything is called slower or faster: the whole
// interval of the shift lies beyond what matters for a kernel of that length, and the ranks differ after
// correction for all kernels that were asked. Everything else is "same" (the interval lies within what
// matters) or "unclear", with the reason. A p-value alone decides nothing: real kernels move by 0.04 % with
// p = 3e-5.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analyzer/guard/bootstrap.h"
#include "analyzer/guard/modes.h"
#include "analyzer/guard/screening.h"
#include "analyzer/statistics.h"

namespace ditscope::analyzer {

enum class Verdict : uint8_t { Slower, Unclear, Faster, Same };

struct VerdictRule {
  ScreeningRule screening;
  BootstrapOptions bootstrap;
  double q = 0.05;        // false-discovery rate
  double extraFloor = 0;  // added to the effect floor, where unlike things are compared
  double leastFloor = 0;  // smallest change that matters, where it is more: for machines that are not quiet
};

// Shifts are natural logarithms of ratios: 0.01 is 1 % slower. NaN where a side has no samples.
struct ShiftEvidence {
  int64_t baseRuns = 0, newRuns = 0;        // with enough samples
  int64_t baseSamples = 0, newSamples = 0;  // in them
  double baseMedianNs = kNaN, newMedianNs = kNaN;
  double shift = kNaN;
  Interval interval{kNaN, kNaN};
  double p = kNaN, q = kNaN;         // q: set by judgeAll
  double floor = kNaN;               // smallest shift that matters here
  std::optional<double> cycleShift;  // of time x clock, where every clock is known
  // Kinds of launches that the name hides, as logarithms of ns; one each where there is one kind.
  std::vector<Mode> baseModes, newModes;
  std::string mixture;  // why the launches cannot be compared: another mix of kinds, too few quiet runs
  ScreeningCounts baseCounts, newCounts;
  int64_t fewestSamples = 0;  // of the run with the fewest; says what was missing
  double throttledShare = 0;  // of the launches, on the side with more of them
};

struct Judgement {
  Verdict verdict = Verdict::Unclear;
  bool likely = false;  // rests on a single run on a side, so that the spread between runs is not known
  std::string reason;
};

// The shift that matters for a kernel of this length: 1 % from 1 ms, 2 % from 50 us, 5 % below, never under
// 0.3 us, and 2 % at least where a side has a single run.
[[nodiscard]] double effectFloor(double medianNs, bool singleRun, double extra = 0);

[[nodiscard]] ShiftEvidence weigh(std::span<const RunSamples> base, std::span<const RunSamples> next,
                                  const VerdictRule& rule);

// One judgement a piece of evidence; sets its q. All kernels of a comparison together, because the more are
// asked the more differ by chance.
[[nodiscard]] std::vector<Judgement> judgeAll(std::span<ShiftEvidence> evidence, const VerdictRule& rule);

[[nodiscard]] std::string formatShift(double shift);  // of a logarithm: "+5.1 %"

}  // namespace ditscope::analyzer
