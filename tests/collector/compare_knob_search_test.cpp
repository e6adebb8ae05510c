// SPDX-License-Identifier: Apache-2.0
// The search for the knob of a density, over functions whose answer is known.
#include "collector/compare/knob_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace ditscope::collector::compare {
namespace {

constexpr double kTolerance = 0.03;
constexpr int kTries = 8;

struct Found {
  KnobChoice choice;
  int measurements = 0;
};

Found find(KnobSearch& search, double target, const std::function<double(double)>& density) {
  int tries = 0;
  for (; tries < kTries; ++tries) {
    const std::optional<double> value = search.next(target, kTolerance, tries);
    if (!value) break;
    search.add(*value, density(*value));
  }
  return {search.choose(target, kTolerance), tries};
}

TEST(KnobSearch, AKnobThatIsTheDensityTakesOneMeasurement) {
  KnobSearch search({"density", 0.001, 1, true}, false);
  for (const double target : {0.5, 0.25, 0.125, 1.0 / 16, 1.0 / 32}) {
    const Found found = find(search, target, [](double value) { return value; });
    EXPECT_EQ(found.measurements, 1);
    EXPECT_EQ(found.choice.reach, Reach::Reached);
    EXPECT_NEAR(found.choice.value / target, 1, 1e-3);
  }
}

TEST(KnobSearch, CurvedKnobsOfEitherDirectionAreFound) {
  struct Case {
    Knob knob;
    std::function<double(double)> density;
  };
  const std::vector<Case> cases = {
      {{"share", 0.01, 1}, [](double v) { return std::pow(v, 6) + 0.003; }},
      {{"lambda", 1, 1e-6, true}, [](double v) { return 1 / (1 + 40 * std::sqrt(v)); }},
      {{"p", 100, 1e-6, true}, [](double v) { return 1 / (1 + 0.5 * v); }},
      {{"decay", 0.02, 8, true}, [](double v) { return 1 - std::exp(-v); }},
  };
  for (const Case& c : cases) {
    KnobSearch search(c.knob, false);
    for (const double target : {0.5, 0.25, 0.125, 1.0 / 16, 1.0 / 32}) {
      const Found found = find(search, target, c.density);
      EXPECT_EQ(found.choice.reach, Reach::Reached) << c.knob.key << " at " << target;
      EXPECT_NEAR(std::log(c.density(found.choice.value) / target), 0, std::log1p(kTolerance) + 1e-9);
    }
  }
}

TEST(KnobSearch, AMethodThatCannotGoFarEnoughStopsAtItsEnd) {
  KnobSearch search({"density", 0.001, 1, true}, false);
  const auto floored = [](double value) { return std::clamp(value, 0.2, 0.7); };
  const Found low = find(search, 1.0 / 16, floored);
  EXPECT_EQ(low.choice.reach, Reach::CannotLower);
  EXPECT_DOUBLE_EQ(low.choice.density, 0.2);
  EXPECT_LE(low.measurements, 3);
  EXPECT_EQ(find(search, 1.0 / 32, floored).measurements, 0) << "the end is known by now";
  const Found high = find(search, 0.9, floored);
  EXPECT_EQ(high.choice.reach, Reach::CannotHigher);
  EXPECT_DOUBLE_EQ(high.choice.density, 0.7);
}

TEST(KnobSearch, OfAMethodThatMovesInStepsTheNearestIsTaken) {
  KnobSearch search({"frames", 0, 64}, true);
  const auto steps = [](double frames) { return std::min(1.0, (2 * frames + 1) / 8); };
  const Found found = find(search, 0.5, steps);  // 3/8 at 1, 5/8 at 2
  EXPECT_EQ(found.choice.reach, Reach::Steps);
  EXPECT_EQ(found.choice.value, 2);
  EXPECT_EQ(find(search, 1.0 / 32, steps).choice.reach, Reach::CannotLower);
}

TEST(KnobSearch, AWideRangeThatSaturatesEarlyIsHalved) {
  KnobSearch search({"frames", 0, 64}, true);
  const auto frames = [](double value) { return std::min(1.0, 0.125 + 0.13 * value); };
  EXPECT_EQ(find(search, 0.5, frames).choice.value, 3);  // 0.515
}

TEST(KnobSearch, AStepWithLevelGroundOnEitherSideIsNotSearchedOn) {
  KnobSearch search({"density", 0.001, 1, true}, false);
  for (const double value : {0.1, 0.2, 0.6, 0.7}) search.add(value, value < 0.4 ? 0.25 : 0.6);
  EXPECT_EQ(search.next(0.4, kTolerance, 4), std::nullopt);
  EXPECT_EQ(search.choose(0.4, kTolerance).reach, Reach::Steps);
}

TEST(KnobSearch, NoiseDoesNotKeepItFromTheTarget) {
  int calls = 0;
  const auto noisy = [&calls](double value) { return value * (1 + 0.02 * ((++calls % 3) - 1)); };
  KnobSearch search({"density", 0.001, 1, true}, false);
  for (const double target : {0.5, 0.125, 1.0 / 32, 0.25}) {
    EXPECT_EQ(find(search, target, noisy).choice.reach, Reach::Reached);
  }
}

TEST(KnobSearch, AMethodThatKeepsNothingIsNoDivisionByZero) {
  KnobSearch search({"window", 0.0005, 1, true}, false);
  const Found found = find(search, 0.25, [](double) { return 0.0; });
  EXPECT_EQ(found.choice.reach, Reach::CannotHigher);
}

TEST(KnobSearch, ValuesAreWrittenAsAUserWould) {
  const KnobSearch ratio({"lambda", 1, 1e-6, true}, false);
  EXPECT_DOUBLE_EQ(ratio.valueAt(0), 1);
  EXPECT_DOUBLE_EQ(ratio.valueAt(1), 1e-6);
  EXPECT_DOUBLE_EQ(ratio.valueAt(0.5), 0.001);
  EXPECT_NEAR(ratio.positionOf(0.001), 0.5, 1e-12);
  const KnobSearch whole({"frames", 0, 64}, true);
  EXPECT_DOUBLE_EQ(whole.valueAt(0.5), 32);
}

}  // namespace
}  // namespace ditscope::collector::compare
