// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "analyzer/tune/mass_evaluation.h"
#include "analyzer/tune/settings.h"

namespace ditscope::analyzer {
namespace {

constexpr int32_t kBlocks = 9, kSteps = 8;

HeadMasses randomMasses(db::TextSpan text = {}) {
  HeadMasses m{.rows = kBlocks,
               .cols = kBlocks,
               .block = 16,
               .tokens = 16 * kBlocks - 5,  // the last block is short
               .grid = {3, 4, 12},
               .text = text,
               .steps = {}};
  std::mt19937 random(4);
  std::uniform_real_distribution<double> unit(0, 1);
  for (int32_t step = 0; step < kSteps; ++step) {
    std::vector<float>& mass = m.steps.emplace_back();
    for (int32_t row = 0; row < kBlocks; ++row) {
      std::vector<double> weights;
      double sum = 0;
      for (int32_t col = 0; col < kBlocks; ++col) {
        weights.push_back(std::exp(5 * unit(random)));
        sum += weights.back();
      }
      for (const double weight : weights) mass.push_back(float(weight / sum));
    }
  }
  return m;
}

db::MethodChoice choice(const char* method, const char* key, double value, double every, double dense = 1) {
  return {.method = method, .parameters = {{key, value}, {"search_every", every}, {"dense_steps", dense}}};
}

struct Naive {
  double recall = 0, density = 0;
};

// Straight from the definitions: `keep` says which columns of a row are kept by the masses of a source step.
template <class Keep>
Naive naiveOfKept(const HeadMasses& m, int32_t every, const Keep& keep, int32_t denseSteps = 1) {
  Naive sum;
  int32_t found = denseSteps - 1;
  for (int32_t step = 1; step < kSteps; ++step) {
    const bool search = step >= denseSteps && step - found >= every;
    if (search) found = step;
    if (step < denseSteps || search) {
      sum.recall += 1;
      sum.density += 1;
      continue;
    }
    for (int32_t row = 0; row < kBlocks; ++row) {
      const auto at = [&](int32_t of, int32_t col) { return double(m.steps[of][row * kBlocks + col]); };
      std::set<int32_t> kept = keep(found, row);
      const auto text = [&](int32_t block) {
        return m.text.end > m.text.begin && block >= m.text.begin / 16 && block <= (m.text.end - 1) / 16;
      };
      for (int32_t col = 0; col < kBlocks; ++col)
        if (text(row) || text(col)) kept.insert(col);
      double recall = 0;
      for (const int32_t col : kept) recall += at(step, col);
      const double rows = row + 1 < kBlocks ? 16 : 11;
      sum.recall += recall * rows / double(m.tokens);
      sum.density += double(kept.size()) / (kBlocks * kBlocks);
    }
  }
  return {sum.recall / (kSteps - 1), sum.density / (kSteps - 1)};
}

// `keep` sees one row of the source step alone.
template <class Keep>
Naive naive(const HeadMasses& m, int32_t denseSteps, int32_t every, const Keep& keep) {
  return naiveOfKept(
      m, every,
      [&](int32_t source, int32_t row) {
        return keep(row, [&](int32_t col) { return double(m.steps[source][row * kBlocks + col]); });
      },
      denseSteps);
}

template <class Mass>
std::vector<int32_t> heaviest(const Mass& mass) {
  std::vector<int32_t> order;
  for (int32_t col = 0; col < kBlocks; ++col) order.push_back(col);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return mass(a) > mass(b); });
  return order;
}

class TuneMass : public ::testing::TestWithParam<db::TextSpan> {};

TEST_P(TuneMass, TopkIsThatOfTheDefinition) {
  const HeadMasses m = randomMasses(GetParam());
  MassEvaluator evaluator(m, 1);
  for (const double density : {0.01, 1.0 / 3, 0.5, 1.0})
    for (const int every : {1, 2, 3, 100})
      for (const int dense : {1, 3}) {
        const Naive expected = naive(m, dense, every, [&](int32_t, const auto& mass) {
          const auto order = heaviest(mass);
          const auto count = size_t(std::max(1.0, std::ceil(density * kBlocks - 1e-9)));
          return std::set<int32_t>(order.begin(), order.begin() + std::ptrdiff_t(count));
        });
        const Candidate c = evaluator.evaluate(choice("topk", "density", density, every, dense));
        EXPECT_NEAR(c.recall, expected.recall, 1e-6) << density << ' ' << every << ' ' << dense;
        EXPECT_NEAR(c.densityQk, expected.density, 1e-9);
      }
}

TEST_P(TuneMass, ToppIsThatOfTheDefinition) {
  const HeadMasses m = randomMasses(GetParam());
  MassEvaluator evaluator(m, 1);
  for (const double share : {0.05, 0.5, 0.9, 0.999, 1.0})
    for (const int every : {2, 4}) {
      const Naive expected = naive(m, 1, every, [&](int32_t, const auto& mass) {
        std::set<int32_t> kept;
        double sum = 0;
        for (const int32_t col : heaviest(mass)) {
          if (share < 1 && !kept.empty() && sum >= share - 1e-6) break;
          kept.insert(col);
          sum += mass(col);
        }
        return kept;
      });
      const Candidate c = evaluator.evaluate(choice("topp", "share", share, every));
      EXPECT_NEAR(c.recall, expected.recall, 1e-6) << share << ' ' << every;
      EXPECT_NEAR(c.densityQk, expected.density, 1e-9);
    }
}

// The blocks of a whole head in order of their mass times the rows that they have: [rows * cols].
std::vector<int32_t> heaviestOfHead(const HeadMasses& m, int32_t step) {
  std::vector<int32_t> order;
  for (int32_t i = 0; i < kBlocks * kBlocks; ++i) order.push_back(i);
  const auto heaviness = [&](int32_t i) {
    return double(m.steps[size_t(step)][size_t(i)]) * (i / kBlocks + 1 < kBlocks ? 16 : 11);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return heaviness(a) > heaviness(b); });
  return order;
}

// As the collector has it: topk counts the heaviest block of each row first, topp adds them.
std::set<int32_t> keptOfHead(const HeadMasses& m, int32_t step, bool topk, double amount) {
  const std::vector<int32_t> order = heaviestOfHead(m, step);
  std::set<int32_t> kept, rows;
  for (const int32_t block : order)
    if (rows.insert(block / kBlocks).second) kept.insert(block);
  const auto count = size_t(std::ceil(amount * kBlocks * kBlocks - 1e-9));
  double sum = 0;
  for (const int32_t block : order) {
    if (topk ? kept.size() >= count : amount < 1 && sum >= amount - 1e-6) break;
    kept.insert(block);
    sum += double(m.steps[size_t(step)][size_t(block)]) * (block / kBlocks + 1 < kBlocks ? 16 : 11) /
           double(m.tokens);
  }
  return kept;
}

TEST_P(TuneMass, BlocksOfAHeadCompeteAsDefined) {
  const HeadMasses m = randomMasses(GetParam());
  MassEvaluator evaluator(m, 1);
  for (const bool topk : {true, false})
    for (const double amount : {0.05, 0.3, 0.8, 0.95, 1.0})
      for (const int every : {2, 3, 100}) {
        const Naive expected = naiveOfKept(m, every, [&](int32_t source, int32_t row) {
          std::set<int32_t> columns;
          for (const int32_t block : keptOfHead(m, source, topk, amount))
            if (block / kBlocks == row) columns.insert(block % kBlocks);
          return columns;
        });
        db::MethodChoice ofHead = choice(topk ? "topk" : "topp", topk ? "density" : "share", amount, every);
        ofHead.parameters["scope"] = std::string("head");
        const Candidate c = evaluator.evaluate(ofHead);
        EXPECT_NEAR(c.recall, expected.recall, 1e-6) << ofHead.method << ' ' << amount << ' ' << every;
        EXPECT_NEAR(c.densityQk, expected.density, 1e-9) << ofHead.method << ' ' << amount << ' ' << every;
        EXPECT_LE(c.recallP05, c.recall);
      }
}

TEST_P(TuneMass, CheapestOfAHeadIsTheFirstThatSuffices) {
  const HeadMasses m = randomMasses(GetParam());
  MassEvaluator evaluator(m, 1);
  for (const char* method : {"topk", "topp"}) {
    const char* key = method == std::string("topk") ? "density" : "share";
    db::MethodChoice ofHead = choice(method, key, 1, 3);
    ofHead.parameters["scope"] = std::string("head");
    const db::MethodChoice found = evaluator.cheapest(ofHead, 0.9);
    EXPECT_GE(evaluator.evaluate(found).recall, 0.9);
    const double amount = std::get<double>(found.parameters.at(key));
    ofHead.parameters[key] = amount - 0.001;
    EXPECT_LT(evaluator.evaluate(ofHead).recall, 0.9);
  }
}

TEST_P(TuneMass, WindowReachesWhatItsTokensReach) {
  const HeadMasses m = randomMasses(GetParam());
  MassEvaluator evaluator(m, 1);
  for (const int tokens : {1, 20, 500}) {
    const Naive expected = naive(m, 1, 1000, [&](int32_t row, const auto&) {
      std::set<int32_t> kept;
      for (int64_t q = row * 16; q < std::min<int64_t>(row * 16 + 16, m.tokens); ++q)
        for (int64_t k = std::max<int64_t>(q - tokens, 0); k <= std::min<int64_t>(q + tokens, m.tokens - 1);
             ++k)
          kept.insert(int32_t(k / 16));
      return kept;
    });
    const Candidate c = evaluator.evaluate(
        {.method = "window", .parameters = {{"tokens", double(tokens)}, {"dense_steps", 1.0}}});
    EXPECT_NEAR(c.recall, expected.recall, 1e-6);
    EXPECT_NEAR(c.densityQk, expected.density, 1e-9);
  }
}

INSTANTIATE_TEST_SUITE_P(Text, TuneMass,
                         ::testing::Values(db::TextSpan{}, db::TextSpan{0, 20}, db::TextSpan{130, 139}));

TEST(TuneMassEvaluation, CheapestIsTheFirstThatSuffices) {
  const HeadMasses m = randomMasses();
  MassEvaluator evaluator(m, 1);
  for (const double recall : {0.5, 0.8, 0.95}) {
    const db::MethodChoice found = evaluator.cheapest(choice("topk", "density", 1, 3), recall);
    const double density = std::get<double>(found.parameters.at("density"));
    EXPECT_GE(evaluator.evaluate(found).recall, recall);
    if (density > 1.5 / kBlocks) {
      EXPECT_LT(evaluator.evaluate(choice("topk", "density", density - 1.0 / kBlocks, 3)).recall, recall);
    }
  }
}

TEST(TuneMassEvaluation, AMaskOfAStillHeadStaysGood) {
  HeadMasses m = randomMasses();
  for (auto& step : m.steps) step = m.steps.front();
  MassEvaluator still(m, 1);
  const MassEvaluator::Reuse reuse = still.reusable(2, 0.9);
  EXPECT_EQ(reuse.steps, kSteps - 3);
  EXPECT_TRUE(reuse.ended);
  const HeadMasses moving = randomMasses();
  MassEvaluator other(moving, 1);
  EXPECT_EQ(other.reusable(2, 0.99).steps, 0);
}

TEST(TuneMassEvaluation, SaysWhatItCannotTell) {
  EXPECT_FALSE(isEvaluatedOffline({.method = "sparge"}));
  EXPECT_FALSE(isEvaluatedOffline({.method = "topk", .parameters = {{"source", std::string("pooled")}}}));
  EXPECT_FALSE(isEvaluatedOffline({.method = "topp", .parameters = {{"crossing", std::string("excluded")}}}));
  const HeadMasses m = randomMasses();
  EXPECT_THROW((void)MassEvaluator(m, 1).evaluate({.method = "sparge"}), std::invalid_argument);
}

}  // namespace
}  // namespace ditscope::analyzer
