// SPDX-License-Identifier: Apache-2.0
// SkipRule::Kind::RunningMass of every kernel against the rule written down once more, in plain double loops;
// and what all in-loop skips owe to their counters.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "tests/kernels/attention_case.h"

namespace ditscope::kernels::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What the plain rule decided. A query block in which one decision lay within rounding of the threshold is
// unclear: a kernel may take another way from there on.
struct Decisions {
  std::vector<uint32_t> keptBits;  // as StatsOut
  std::vector<bool> unclear;       // [B, H, g]
};

struct PlainRule {
  std::function<double(int64_t head)> lnLambda;
  bool fixedDenominator = false;  // l = 1 throughout: BLASST
  const uint8_t* mustKeep = nullptr;
};

class PlainBlock {
 public:
  PlainBlock(const AttentionCase& problem, const BlockList& list, int64_t b, int64_t h, int64_t g)
      : m_problem(problem), m_shape(problem.shape), m_list(list), m_b(b), m_h(h), m_row0(g * m_shape.block) {
    const auto rows = size_t(std::min<int64_t>(m_shape.block, m_shape.queries - m_row0));
    m_max.assign(rows, -kInfinity);
    m_sum.assign(rows, 0);
  }

  // Visits entries [begin, end) of the list; returns whether a decision was unclear.
  bool run(int32_t begin, int32_t end, double lnLambda, const PlainRule& rule, uint32_t* keptBits) {
    bool unclear = false;
    for (int32_t e = begin; e < end; ++e) {
      const int64_t t = m_list.entry[e] & kKeyBlockMask;
      double nearest = -kInfinity;  // the row that holds the block back most
      for (size_t r = 0; r < m_max.size(); ++r) {
        double blockMax = -kInfinity;
        forKeys(e, t, r, [&](double score) { blockMax = std::max(blockMax, score); });
        const double mass = rule.fixedDenominator ? 0 : std::log(m_sum[r]);
        if (blockMax > -kInfinity) nearest = std::max(nearest, blockMax - (m_max[r] + mass) - lnLambda);
      }
      const bool mayGo = e > begin && !(rule.mustKeep && rule.mustKeep[t]);
      unclear |= mayGo && std::abs(nearest) < 1e-4;
      if (mayGo && nearest < 0) continue;
      keptBits[t / 32] |= 1u << (t % 32);
      for (size_t r = 0; r < m_max.size(); ++r) keep(e, t, r);
    }
    return unclear;
  }

 private:
  void keep(int32_t e, int64_t t, size_t r) {
    double total = 0;  // m and l in the plainest way: mass so far, then both anew
    if (m_sum[r] > 0) total = m_sum[r] * std::exp(m_max[r]);
    forKeys(e, t, r, [&](double score) {
      m_max[r] = std::max(m_max[r], score);
      total += std::exp(score);
    });
    if (total > 0) m_sum[r] = total / std::exp(m_max[r]);
  }

  template <class Visit>
  void forKeys(int32_t e, int64_t t, size_t r, Visit visit) const {
    for (int64_t j = 0; j < m_shape.block && t * m_shape.block + j < m_shape.keys; ++j) {
      const int64_t bit = int64_t(r) * m_shape.block + j;
      if (m_list.entry[e] & kPartialEntry &&
          !(m_list.partialBits[m_list.partialOffset[e] + bit / 64] >> (bit % 64) & 1))
        continue;
      double dot = 0;
      for (int64_t d = 0; d < m_shape.dim; ++d)
        dot += double(m_problem.q.at(m_b, m_h, m_row0 + int64_t(r), d)) *
               double(m_problem.k.at(m_b, m_h * m_shape.kvHeads / m_shape.heads, t * m_shape.block + j, d));
      visit(dot / std::sqrt(double(m_shape.dim)));
    }
  }

  const AttentionCase& m_problem;
  const Shape& m_shape;
  const BlockList& m_list;
  int64_t m_b, m_h, m_row0;
  std::vector<double> m_max, m_sum;  // of the kept blocks
};

Decisions decide(const AttentionCase& problem, const BlockList& list, const PlainRule& rule) {
  const Shape& s = problem.shape;
  const int64_t words = (s.kBlocks() + 31) / 32;
  Decisions decisions;
  decisions.keptBits.assign(size_t(s.batches * s.heads * s.qBlocks() * words), 0);
  for (int64_t head = 0; head < s.batches * s.heads; ++head) {
    for (int64_t g = 0; g < s.qBlocks(); ++g) {
      const int64_t b = head / s.heads, h = head % s.heads;
      const int32_t* row = list.rowStart + b * list.batchStride + h * list.headStride + g;
      uint32_t* bits = &decisions.keptBits[size_t((head * s.qBlocks() + g) * words)];
      PlainBlock block(problem, list, b, h, g);
      decisions.unclear.push_back(block.run(row[0], row[1], rule.lnLambda(head), rule, bits));
    }
  }
  return decisions;
}

class RunningMass : public ::testing::TestWithParam<Variant> {
 protected:
  // Runs the rule, expects the plain decisions where they are clear, and returns the statistics.
  Stats expectDecisions(AttentionCase& problem, AttentionArgs args, const SkipRule& rule,
                        const PlainRule& plain) const {
    Stats stats(problem.shape);
    args.skip = &rule;
    args.stats = &stats.out;
    run(GetParam(), problem, args);
    const Decisions expected = decide(problem, *args.list, plain);
    const size_t words = expected.keptBits.size() / expected.unclear.size();
    size_t unclear = 0;
    for (size_t i = 0; i < expected.keptBits.size(); ++i) {
      unclear += expected.unclear[i / words];
      if (expected.unclear[i / words]) continue;
      EXPECT_EQ(stats.keptBits[i], expected.keptBits[i]) << i;
    }
    EXPECT_LE(unclear, 1 + expected.keptBits.size() / 50);
    return stats;
  }
};

int64_t sumOfCounter(const Stats& stats, size_t which) {
  int64_t sum = 0;
  for (size_t i = which; i < stats.counters.size(); i += 4) sum += stats.counters[i];
  return sum;
}

const Shape kShapes[] = {
    {.batches = 2, .heads = 4, .kvHeads = 2, .queries = 150, .keys = 333, .dim = 72, .block = 32},
    {.heads = 3, .kvHeads = 1, .queries = 200, .keys = 520, .dim = 40, .block = 64, .layout = Layout::Bnhd},
    {.heads = 2, .queries = 130, .keys = 700, .dim = 20, .block = 128, .layout = Layout::Padded},
    {.heads = 2, .queries = 97, .keys = 640, .dim = 64, .block = 32, .dtype = DType::BF16},
    {.heads = 1, .kvHeads = 1, .queries = 17, .keys = 257, .dim = 7, .block = 32, .dtype = DType::F16},
};

TEST_P(RunningMass, DecidesAsThePlainRuleOnLists) {
  std::mt19937 random(1);
  int64_t skipped = 0, kept = 0;
  for (const Shape& shape : kShapes) {
    for (const float lnLambda : {-6.0f, -2.0f, -0.5f}) {
      SCOPED_TRACE(::testing::PrintToString(shape) + " lnLambda " + std::to_string(lnLambda));
      AttentionCase problem(shape, uint32_t(random()), 1.5f);
      if (lnLambda > -4) problem.favourSomeKeyBlocks();
      const BlockListStorage storage = randomList(shape, 0.8, 0.3, random);
      const BlockList list = storage.view();
      AttentionArgs args = problem.args();
      args.list = &list;
      const SkipRule rule{.kind = SkipRule::Kind::RunningMass, .lnLambda = lnLambda};
      const Stats stats =
          expectDecisions(problem, args, rule, {.lnLambda = [lnLambda](int64_t) { return lnLambda; }});
      skipped += sumOfCounter(stats, 1);
      kept += sumOfCounter(stats, 0) - sumOfCounter(stats, 1);
    }
  }
  EXPECT_GT(skipped, 100);
  EXPECT_GT(kept, 100);
}

TEST_P(RunningMass, WithTheDenominatorHeldAtOneTheRuleIsBlasst) {
  std::mt19937 random(2);
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(::testing::PrintToString(shape));
    AttentionCase problem(shape, uint32_t(random()));
    problem.favourSomeKeyBlocks();
    const BlockListStorage storage = randomList(shape, 0.8, 0.3, random);
    const BlockList list = storage.view();
    AttentionArgs args = problem.args();
    args.list = &list;
    const PlainRule plain{.lnLambda = [](int64_t) { return -1.25; }, .fixedDenominator = true};
    const Stats stats =
        expectDecisions(problem, args, {.kind = SkipRule::Kind::Blasst, .lnLambda = -1.25f}, plain);
    EXPECT_GT(sumOfCounter(stats, 1), 0);
  }
}

TEST_P(RunningMass, HeadsHaveTheirOwnThresholdAndSomeBlocksMustStay) {
  const Shape& shape = kShapes[0];
  std::mt19937 random(3);
  AttentionCase problem(shape, 3);
  problem.favourSomeKeyBlocks();
  const BlockListStorage storage = randomList(shape, 1, 0, random);
  const BlockList list = storage.view();
  AttentionArgs args = problem.args();
  args.list = &list;
  const std::vector<float> perHead = {-8, -4, -2, -1, -0.5f, -1e-6f, 0, -100};
  std::vector<uint8_t> mustKeep(size_t(shape.kBlocks()));
  mustKeep[3] = mustKeep[10] = 1;
  const Stats stats = expectDecisions(
      problem, args,
      {.kind = SkipRule::Kind::RunningMass,
       .lnLambda = -1000,
       .lnLambdaPerHead = perHead.data(),
       .mustKeep = mustKeep.data()},
      {.lnLambda = [&](int64_t head) { return perHead[size_t(head)]; }, .mustKeep = mustKeep.data()});
  for (const uint32_t bits : stats.keptBits) EXPECT_EQ(bits & 0x408, 0x408u);
  EXPECT_EQ(stats.counters[7 * 4 + 1], 0);
  EXPECT_GT(stats.counters[6 * 4 + 1], stats.counters[2 * 4 + 1]);
}

TEST_P(RunningMass, ThresholdsFromNothingToEverything) {
  const Shape shape{.heads = 2, .queries = 100, .keys = 500, .dim = 72, .block = 32};
  AttentionCase problem(shape, 4, 0.3f);
  const Result dense = run(GetParam(), problem, problem.args());
  int64_t skippedBefore = 0;
  for (const float lnLambda : {-INFINITY, -3e38f, -6.0f, -4.0f, -1e-30f, 0.0f}) {
    const SkipRule rule{.kind = SkipRule::Kind::RunningMass, .lnLambda = lnLambda};
    Stats stats(shape);
    AttentionArgs args = problem.args();
    args.skip = &rule;
    args.stats = &stats.out;
    const Result result = run(GetParam(), problem, args);
    const int64_t skipped = sumOfCounter(stats, 1);
    EXPECT_GE(skipped, skippedBefore) << lnLambda;
    skippedBefore = skipped;
    if (lnLambda < -100) {
      EXPECT_EQ(skipped, 0);
      EXPECT_EQ(largestDifference(result.o, dense.o), 0);
      EXPECT_EQ(largestDifference(result.lse, dense.lse), 0);
    }
  }
  // With logits this close no key outweighs the 32 of the first block.
  EXPECT_EQ(skippedBefore, shape.heads * shape.qBlocks() * (shape.kBlocks() - 1));
}

// One list, two orders: each decides as the plain rule does in that order, and they do not agree.
TEST_P(RunningMass, DecisionsFollowTheVisitingOrder) {
  const Shape& shape = kShapes[0];
  AttentionCase problem(shape, 5);
  problem.favourSomeKeyBlocks();
  std::mt19937 random(5);
  BlockListStorage storage = randomList(shape, 1, 0, random);
  const BlockList list = storage.view();
  AttentionArgs args = problem.args();
  args.list = &list;
  const SkipRule rule{.kind = SkipRule::Kind::RunningMass, .lnLambda = -3};
  const PlainRule plain{.lnLambda = [](int64_t) { return -3.0; }};
  const Stats first = expectDecisions(problem, args, rule, plain);
  for (size_t row = 0; row + 1 < storage.rowStart.size(); ++row)
    std::reverse(storage.entry.begin() + storage.rowStart[row],
                 storage.entry.begin() + storage.rowStart[row + 1]);
  const Stats second = expectDecisions(problem, args, rule, plain);
  EXPECT_NE(first.keptBits, second.keptBits);
}

// The output is that of attention over the kept blocks: what was skipped is in no denominator.
TEST_P(RunningMass, SkippedBlocksAreLeftOutAndNothingElse) {
  const Shape& shape = kShapes[0];
  AttentionCase problem(shape, 6);
  problem.favourSomeKeyBlocks();
  const SkipRule rule{.kind = SkipRule::Kind::RunningMass, .lnLambda = -2};
  Stats stats(shape);
  AttentionArgs args = problem.args();
  args.skip = &rule;
  args.stats = &stats.out;
  const Result result = run(GetParam(), problem, args);
  EXPECT_GT(sumOfCounter(stats, 1), 10);
  const BlockGrid grid{shape.batches * shape.heads, shape.qBlocks(), shape.kBlocks()};
  const BlockListStorage storage =
      listFromBits(grid, stats.keptBits, shape.block, shape.block, {shape.heads});
  const BlockList list = storage.view();
  AttentionArgs kept = problem.args();
  kept.list = &list;
  const Result expected = runReference(problem, kept);
  EXPECT_LE(relativeError(result.o, expected.o), GetParam().relativeError);
  EXPECT_LE(largestDifference(result.lse, expected.lse), 1e-5);
}

// Kept bits and counters of each rule say the same: kept = visited - skipped, in every head.
TEST_P(RunningMass, KeptBitsAndCountersAgreeForEveryRule) {
  const Shape& shape = kShapes[1];
  AttentionCase problem(shape, 7);
  problem.favourSomeKeyBlocks();
  std::vector<float> lse = run(GetParam(), problem, problem.args()).lse;
  std::mt19937 random(7);
  const BlockListStorage storage = randomList(shape, 0.7, 0.2, random);
  const BlockList list = storage.view();
  for (const auto kind : {SkipRule::Kind::None, SkipRule::Kind::Blasst, SkipRule::Kind::RunningMass,
                          SkipRule::Kind::MassBound}) {
    const SkipRule rule{.kind = kind, .lnLambda = -0.5f, .lseRef = lse.data(), .epsilon = 0.3f};
    Stats stats(shape);
    AttentionArgs args = problem.args();
    args.list = &list;
    args.skip = &rule;
    args.stats = &stats.out;
    run(GetParam(), problem, args);
    const size_t words = stats.keptBits.size() / size_t(shape.heads);
    for (size_t head = 0; head < size_t(shape.heads); ++head) {
      int64_t kept = 0;
      for (size_t i = 0; i < words; ++i) kept += std::popcount(stats.keptBits[head * words + i]);
      EXPECT_EQ(kept, stats.counters[head * 4] - stats.counters[head * 4 + 1]);
      EXPECT_EQ(stats.counters[head * 4 + 1] > 0, kind != SkipRule::Kind::None);
    }
  }
}

// A key of NaN spoils the rows that see it and no decision: before it counts, blocks are judged by their
// other keys, and afterwards the spoilt rows hold nothing back.
TEST_P(RunningMass, NaNKeysTakeNoPart) {
  for (const auto kind : {SkipRule::Kind::Blasst, SkipRule::Kind::RunningMass}) {
    const Shape shape{.heads = 2, .queries = 100, .keys = 400, .dim = 32, .block = 32};
    AttentionCase problem(shape, 8);
    problem.favourSomeKeyBlocks();
    for (int64_t key = 7; key < shape.keys; key += 50)
      for (int64_t h = 0; h < 2; ++h) problem.k.set(0, h, key, 3, NAN);
    const SkipRule rule{.kind = kind, .lnLambda = -1};
    AttentionArgs args = problem.args();
    args.skip = &rule;
    Stats stats(shape), expected(shape);
    args.stats = &stats.out;
    run(GetParam(), problem, args);
    args.stats = &expected.out;
    runReference(problem, args);
    EXPECT_EQ(stats.keptBits, expected.keptBits);
    EXPECT_LE(largestDifference(stats.gap, expected.gap), 1e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, RunningMass, ::testing::ValuesIn(variants()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace ditscope::kernels::test
