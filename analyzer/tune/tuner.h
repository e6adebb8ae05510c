// SPDX-License-Identifier: Apache-2.0
// Chooses a candidate for every head: the least time at a mean recall or error, or the most recall at a
// speed-up. Means are over heads and the steps that the schedule does not compute densely; times over all
// steps of a run. Pure functions; times in ns of a whole run's self-attention.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analyzer/tune/candidate.h"
#include "analyzer/verify/verification.h"

namespace ditscope::analyzer {

struct TuneGoal {
  Target target = Target::Recall;
  double value = 0.95;   // what is promised
  double margin = 0;     // a recall is chosen this much higher: the run with the choice takes its own path
  double headFloor = 0;  // recall that every head keeps
  int32_t steps = 0;
  int32_t denseSteps = 1;  // of the schedule, before any method

  [[nodiscard]] double aim() const {
    return target == Target::Recall ? std::min(value + margin, 1.0) : value;
  }
};

struct Outcome {                 // of one selection
  std::vector<size_t> chosen;    // candidate of each head
  double recall = 0, error = 0;  // means
  double lowestRecall = 1;       // of a head
  double ns = 0, loNs = 0, hiNs = 0;
  double denseNs = 0;
  [[nodiscard]] double speedup() const { return ns > 0 ? denseNs / ns : 0; }
};
[[nodiscard]] Outcome outcomeOf(std::span<const HeadCandidates> heads, const TuneGoal& goal,
                                std::vector<size_t> chosen);

struct Tuned {
  Outcome outcome;
  double bound = 0;   // of what is optimised (ns, or mean recall): nothing allowed is better
  double gap = 0;     // distance to it: relative for times, absolute for recalls
  double rateNs = 0;  // ns of a whole run for one head's recall (or error) of 1, where the choice was made
};
// Empty when no selection meets the goal. Never worse than any single setting for all heads.
[[nodiscard]] std::optional<Tuned> tune(std::span<const HeadCandidates> heads, const TuneGoal& goal);

struct UniformOutcome {
  db::MethodChoice choice;
  Outcome outcome;
};
// Every setting that all heads have, whether it meets the goal or not.
[[nodiscard]] std::vector<UniformOutcome> uniformOutcomes(std::span<const HeadCandidates> heads,
                                                          const TuneGoal& goal);
[[nodiscard]] bool meets(const Outcome& outcome, const TuneGoal& goal);
[[nodiscard]] bool better(const Outcome& a, const Outcome& b, const TuneGoal& goal);  // both meet it

// Time against recall, fastest first, whatever the goal asks but its floor for each head.
[[nodiscard]] std::vector<Outcome> paretoFront(std::span<const HeadCandidates> heads, const TuneGoal& goal,
                                               size_t most = 64);

}  // namespace ditscope::analyzer
