// SPDX-License-Identifier: Apache-2.0
// The tuner's choice against every selection there is: a few heads and candidates of a recording of the demo
// image model and of a synthetic one, for each kind of target.
#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "analyzer/tune/tuning.h"
#include "tests/support/make_trace.h"
#include "tests/support/temp_dir.h"

namespace ditscope::analyzer {
namespace {

constexpr size_t kHeads = 5, kCandidates = 6;

// Dense and candidates from all over the list, of heads from all over the model.
std::vector<HeadCandidates> some(const std::vector<HeadCandidates>& all) {
  std::vector<HeadCandidates> few;
  for (size_t h = 0; h < kHeads; ++h) {
    const HeadCandidates& from = all[h * (all.size() - 1) / (kHeads - 1)];
    HeadCandidates& head = few.emplace_back(HeadCandidates{.key = from.key, .candidates = {}});
    for (size_t c = 0; c < kCandidates; ++c)
      head.candidates.push_back(from.candidates[c * (from.candidates.size() - 1) / (kCandidates - 1)]);
  }
  return few;
}

bool keepsTheFloor(const std::vector<HeadCandidates>& heads, const Outcome& outcome, double floor) {
  for (size_t h = 0; h < heads.size(); ++h)
    if (outcome.chosen[h] != 0 && heads[h].candidates[outcome.chosen[h]].recall < floor) return false;
  return true;
}

std::optional<Outcome> bestOfAll(const std::vector<HeadCandidates>& heads, const TuneGoal& goal) {
  std::optional<Outcome> best;
  std::vector<size_t> chosen(heads.size());
  for (;;) {
    const Outcome outcome = outcomeOf(heads, goal, chosen);
    if (meets(outcome, goal) && keepsTheFloor(heads, outcome, goal.headFloor) &&
        (!best || better(outcome, *best, goal)))
      best = outcome;
    size_t h = 0;
    while (h < heads.size() && ++chosen[h] == heads[h].candidates.size()) chosen[h++] = 0;
    if (h == heads.size()) return best;
  }
}

void expectNoneBetterThanItsBound(const std::string& file) {
  TuneRequest request{.recordings = {file}};
  request.value = 0.8;
  request.headFloor = 0;
  const TuningResult all = runTuning(request);
  const std::vector<HeadCandidates> heads = some(all.heads);
  int exact = 0, solved = 0;
  for (const double floor : {0.0, 0.6}) {
    for (const auto& [target, value] : {std::pair{Target::Recall, 0.7},
                                        {Target::Recall, 0.9},
                                        {Target::Recall, 0.97},
                                        {Target::Error, 0.05},
                                        {Target::Error, 0.3},
                                        {Target::Speedup, 1.2},
                                        {Target::Speedup, 1.5},
                                        {Target::Speedup, 1000.0}}) {
      SCOPED_TRACE(testing::Message()
                   << file << " target " << int(target) << ' ' << value << " floor " << floor);
      TuneGoal goal = all.goal;
      goal.target = target;
      goal.value = value;
      goal.headFloor = floor;
      const auto best = bestOfAll(heads, goal);
      const auto tuned = tune(heads, goal);
      ASSERT_EQ(best.has_value(), tuned.has_value());
      if (!best) continue;
      ++solved;
      EXPECT_TRUE(meets(tuned->outcome, goal));
      EXPECT_TRUE(keepsTheFloor(heads, tuned->outcome, floor));
      EXPECT_FALSE(better(tuned->outcome, *best, goal)) << "better than all that there is";
      exact += !better(*best, tuned->outcome, goal);
      if (target == Target::Speedup) {
        EXPECT_LE(best->recall, tuned->bound + 1e-9);
        EXPECT_LE(best->recall - tuned->outcome.recall, tuned->gap + 1e-9);
      } else {
        EXPECT_GE(best->ns, tuned->bound * (1 - 1e-9));
        EXPECT_LE(tuned->outcome.ns - best->ns, tuned->gap * tuned->outcome.ns * (1 + 1e-9) + 1e-6);
      }
      for (const UniformOutcome& uniform : uniformOutcomes(heads, goal))
        if (meets(uniform.outcome, goal) && keepsTheFloor(heads, uniform.outcome, floor)) {
          EXPECT_FALSE(better(uniform.outcome, tuned->outcome, goal)) << uniform.choice.method;
        }
    }
  }
  EXPECT_GE(solved, 12);
  EXPECT_GE(exact, solved / 2) << "of so few heads most are solved exactly";
}

TEST(TuneBruteForce, RecordedHeads) {
  expectNoneBetterThanItsBound(DITSCOPE_SOURCE_DIR "/tests/data/dense.db");
}

TEST(TuneBruteForce, SyntheticHeads) {
  const tests::TempDir folder;
  tests::SyntheticTraceOptions options;
  options.steps = 8;
  options.layers = 3;
  options.heads = 4;
  options.grid = {4, 8, 16};
  options.density = 1;
  options.denseSteps = 8;
  const auto file = folder.path() / "dense.db";
  tests::makeSyntheticTrace(file, options);
  expectNoneBetterThanItsBound(file.string());
}

}  // namespace
}  // namespace ditscope::analyzer
