// SPDX-License-Identifier: Apache-2.0
// What every attention kernel has to do, whatever it runs on. A program that links this file names its
// kernels in variants().
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/log_mass.h"
#include "kernels/token_windows.h"
#include "tests/kernels/attention_case.h"

namespace ditscope::kernels::test {
namespace {

class Conformance : public ::testing::TestWithParam<Variant> {
 protected:
  [[nodiscard]] const Variant& variant() const { return GetParam(); }

  // This shape, or the nearest one that the kernel runs.
  [[nodiscard]] Shape adapted(const Shape& shape) const {
    return variant().adapt ? variant().adapt(shape) : shape;
  }
  [[nodiscard]] AttentionCase makeCase(const Shape& shape, uint32_t seed, float logitDeviation = 1) const {
    return AttentionCase(adapted(shape), seed, logitDeviation);
  }

  void expectClose(const Result& result, const Result& expected) const {
    EXPECT_LE(relativeError(result.o, expected.o), variant().relativeError);
    EXPECT_LE(largestDifference(result.lse, expected.lse), variant().lseError);
  }
};

Shape randomShape(std::mt19937& random) {
  const auto pick = [&random](std::initializer_list<int64_t> values) {
    return *(values.begin() + std::uniform_int_distribution<size_t>(0, values.size() - 1)(random));
  };
  Shape shape;
  shape.batches = pick({1, 1, 2});
  shape.kvHeads = pick({1, 2});
  shape.heads = shape.kvHeads * pick({1, 1, 3});
  shape.queries = pick({1, 17, 64, 100, 129, 200, 256});
  shape.keys = pick({1, 33, 64, 96, 130, 192, 257});
  shape.dim = pick({7, 16, 20, 32, 40, 64, 72, 80, 96, 128, 256});
  shape.block = int32_t(pick({32, 64, 128}));
  shape.dtype = DType(pick({0, 0, 1, 2}));
  shape.layout = Layout(pick({0, 1, 2}));
  return shape;
}

// The blocks that a run without skips would have kept at this threshold.
std::vector<uint32_t> replay(const Stats& dense, const Shape& shape, float lnLambda) {
  std::vector<uint32_t> kept(dense.keptBits.size());
  const int64_t words = (shape.kBlocks() + 31) / 32;
  for (int64_t row = 0; row < shape.batches * shape.heads * shape.qBlocks(); ++row) {
    for (int64_t t = 0; t < shape.kBlocks(); ++t) {
      const float gap = dense.gap[size_t(row * shape.kBlocks() + t)];
      if (!std::isnan(gap) && !(gap < lnLambda)) kept[size_t(row * words + t / 32)] |= 1u << (t % 32);
    }
  }
  return kept;
}

TEST_P(Conformance, DenseMatchesReferenceOverRandomShapes) {
  std::mt19937 random(1);
  for (uint32_t seed = 0; seed < 24; ++seed) {
    AttentionCase problem = makeCase(randomShape(random), seed);
    SCOPED_TRACE(::testing::PrintToString(problem.shape));
    AttentionArgs args = problem.args();
    if (seed % 3 == 1) args.validKeys = (problem.shape.keys + 1) / 2;
    if (seed % 3 == 2) args.scale = 0.3f;
    const Result result = run(variant(), problem, args);
    expectClose(result, runReference(problem, args));
  }
}

TEST_P(Conformance, ListsWithPartialEntriesAndEmptyRowsMatchReference) {
  std::mt19937 random(2);
  for (uint32_t seed = 0; seed < 24; ++seed) {
    AttentionCase problem = makeCase(randomShape(random), seed);
    SCOPED_TRACE(::testing::PrintToString(problem.shape));
    const BlockListStorage storage = randomList(problem.shape, 0.5, 0.4, random);
    const BlockList list = storage.view();
    AttentionArgs args = problem.args();
    args.list = &list;
    if (seed % 2) args.validKeys = problem.shape.keys * 3 / 4;
    const Result result = run(variant(), problem, args);
    expectClose(result, runReference(problem, args));
  }
}

TEST_P(Conformance, QueryAndKeyBlocksMayDiffer) {
  for (const int32_t qBlock : {32, 64, 128}) {
    for (const int32_t kBlock : {32, 64, 128}) {
      AttentionCase problem = makeCase({.queries = 290, .keys = 290, .dim = 40}, 16);
      if (variant().runsBlocks && !variant().runsBlocks(qBlock, kBlock)) continue;
      const SlidingWindow window{.tokens = 290, .radius = 37, .sinkKeys = 3};
      const BlockListStorage storage = listFromWindow(window, qBlock, kBlock);
      const BlockList list = storage.view();
      AttentionArgs args = problem.args();
      args.list = &list;
      std::vector<uint32_t> kept(2 * 10), expected(kept.size());
      const StatsOut stats{.keptBits = kept.data()};
      const StatsOut expectedStats{.keptBits = expected.data()};
      args.stats = &stats;
      const Result result = run(variant(), problem, args);
      args.stats = &expectedStats;
      expectClose(result, runReference(problem, args));
      EXPECT_EQ(kept, expected);
    }
  }
}

TEST_P(Conformance, StatisticsMatchReference) {
  std::mt19937 random(3);
  for (uint32_t seed = 0; seed < 16; ++seed) {
    AttentionCase problem = makeCase(randomShape(random), seed);
    SCOPED_TRACE(::testing::PrintToString(problem.shape));
    const BlockListStorage storage = randomList(problem.shape, 0.6, 0.3, random);
    const BlockList list = storage.view();
    AttentionArgs args = problem.args();
    if (seed % 2) args.list = &list;
    Stats stats(problem.shape);
    args.stats = &stats.out;
    run(variant(), problem, args);
    Stats expected(problem.shape);
    args.stats = &expected.out;
    runReference(problem, args);

    EXPECT_EQ(stats.keptBits, expected.keptBits);
    EXPECT_EQ(stats.counters, expected.counters);
    EXPECT_LE(largestDifference(stats.gap, expected.gap), 1e-4);
    for (size_t i = 0; i < stats.rowLogMass.size(); ++i) {
      // A value in the middle between two codes may fall either way.
      ASSERT_LE(std::abs(stats.rowLogMass[i] - expected.rowLogMass[i]), 1) << i;
      ASSERT_EQ(stats.rowLogMass[i] == kNotVisited, expected.rowLogMass[i] == kNotVisited) << i;
    }
  }
}

TEST_P(Conformance, StatisticsChangeNoOutput) {
  AttentionCase problem = makeCase({.heads = 2, .queries = 200, .keys = 300, .dim = 72}, 4);
  const Result plain = run(variant(), problem, problem.args());
  AttentionArgs args = problem.args();
  Stats stats(problem.shape);
  args.stats = &stats.out;
  const Result observed = run(variant(), problem, args);
  EXPECT_LE(relativeError(observed.o, plain.o), 1e-6);
  EXPECT_LE(largestDifference(observed.lse, plain.lse), 1e-6);
}

TEST_P(Conformance, EachStatisticWorksAlone) {
  AttentionCase problem = makeCase({.heads = 2, .queries = 100, .keys = 150, .dim = 32, .block = 32}, 5);
  AttentionArgs args = problem.args();
  Stats all(problem.shape);
  args.stats = &all.out;
  run(variant(), problem, args);
  Stats alone(problem.shape);
  for (const StatsOut& out :
       {StatsOut{.keptBits = alone.keptBits.data()}, StatsOut{.gap = alone.gap.data()},
        StatsOut{.rowLogMass = alone.rowLogMass.data()}, StatsOut{.counters = alone.counters.data()}}) {
    args.stats = &out;
    run(variant(), problem, args);
  }
  EXPECT_EQ(alone.keptBits, all.keptBits);
  EXPECT_EQ(alone.gap, all.gap);
  EXPECT_EQ(alone.rowLogMass, all.rowLogMass);
  EXPECT_EQ(alone.counters, all.counters);
}

TEST_P(Conformance, LargeLogitsAndHalfOutputs) {
  for (const DType dtype : {DType::F32, DType::F16, DType::BF16}) {
    AttentionCase problem = makeCase({.queries = 130, .keys = 200, .dim = 64, .dtype = dtype}, 6, 12.0f);
    AttentionArgs args = problem.args();
    args.o.dtype = dtype;
    const Result result = run(variant(), problem, args);
    const Result expected = runReference(problem, args);
    // One step of the output type may differ where rounding falls the other way.
    const double tolerance = dtype == DType::F32 ? 5e-5 : dtype == DType::F16 ? 3e-4 : 2e-3;
    EXPECT_LE(relativeError(result.o, expected.o), std::max(tolerance, variant().relativeError));
    EXPECT_LE(largestDifference(result.lse, expected.lse), std::max(1e-4, variant().lseError));
  }
}

// LSE of a union of disjoint key sets is the log of the summed exponentials, and their outputs weighted by
// exp(LSE_part - LSE_union) add up to the output over the union.
TEST_P(Conformance, DisjointKeySetsMergeByTheirLse) {
  const Shape shape = adapted({.batches = 2, .heads = 2, .queries = 150, .keys = 333, .dim = 64});
  AttentionCase problem = makeCase(shape, 7, 3.0f);
  std::mt19937 random(7);
  const BlockGrid grid{shape.batches * shape.heads, shape.qBlocks(), shape.kBlocks()};
  std::vector<uint8_t> mask = randomMask(grid, 0.5, random);
  const Result whole = run(variant(), problem, problem.args());
  Result parts[2];
  for (Result& part : parts) {
    const BlockListStorage storage = listFromMask(grid, mask, shape.block, shape.block, {shape.heads});
    const BlockList list = storage.view();
    AttentionArgs args = problem.args();
    args.list = &list;
    part = run(variant(), problem, args);
    for (uint8_t& block : mask) block = !block;
  }
  for (size_t row = 0; row < whole.lse.size(); ++row) {
    const double a = parts[0].lse[row];
    const double b = parts[1].lse[row];
    const double merged = std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
    ASSERT_NEAR(merged, whole.lse[row], variant().lseError);
    for (size_t d = row * size_t(shape.dim); d < (row + 1) * size_t(shape.dim); ++d) {
      const double o = std::exp(a - merged) * parts[0].o[d] + std::exp(b - merged) * parts[1].o[d];
      ASSERT_NEAR(o, whole.o[d], std::max(2e-5, 4 * variant().relativeError));
    }
  }
}

TEST_P(Conformance, TheOrderOfBlocksChangesNothingBeyondRounding) {
  const Shape shape = adapted({.heads = 3, .kvHeads = 1, .queries = 170, .keys = 400, .dim = 40});
  AttentionCase problem = makeCase(shape, 8, 3.0f);
  std::mt19937 random(8);
  BlockListStorage storage = randomList(shape, 0.6, 0.3, random);
  BlockList list = storage.view();
  AttentionArgs args = problem.args();
  args.list = &list;
  const Result first = run(variant(), problem, args);
  for (size_t row = 0; row + 1 < storage.rowStart.size(); ++row) {
    std::reverse(storage.entry.begin() + storage.rowStart[row],
                 storage.entry.begin() + storage.rowStart[row + 1]);
    std::reverse(storage.partialOffset.begin() + storage.rowStart[row],
                 storage.partialOffset.begin() + storage.rowStart[row + 1]);
  }
  const Result reversed = run(variant(), problem, args);
  EXPECT_LE(relativeError(reversed.o, first.o), variant().relativeError);
  EXPECT_LE(largestDifference(reversed.lse, first.lse), variant().lseError);
}

TEST_P(Conformance, NaNInAQueryStaysInItsRow) {
  for (const auto kind : {SkipRule::Kind::None, SkipRule::Kind::Blasst, SkipRule::Kind::RunningMass,
                          SkipRule::Kind::MassBound}) {
    const Shape shape = adapted({.heads = 2, .queries = 150, .keys = 200, .dim = 72, .block = 32});
    AttentionCase problem = makeCase(shape, 9);
    AttentionArgs args = problem.args();
    std::vector<float> lseRef = run(variant(), problem, args).lse;
    const SkipRule rule{.kind = kind, .lnLambda = -1, .lseRef = lseRef.data(), .epsilon = 0.5f};
    args.skip = &rule;
    Stats stats(shape);
    args.stats = &stats.out;
    const Result clean = run(variant(), problem, args);
    problem.q.set(0, 1, 77, 5, NAN);
    const Result dirty = run(variant(), problem, args);
    const size_t nanRow = size_t(shape.queries) + 77;
    for (size_t row = 0; row < dirty.lse.size(); ++row) {
      ASSERT_EQ(std::isnan(dirty.lse[row]), row == nanRow) << row;
      for (size_t d = 0; d < size_t(shape.dim); ++d)
        ASSERT_EQ(std::isnan(dirty.o[row * size_t(shape.dim) + d]), row == nanRow) << row;
    }
    if (kind == SkipRule::Kind::None) {
      for (size_t row = 0; row < dirty.lse.size(); ++row) {
        if (row == nanRow) continue;
        ASSERT_EQ(dirty.lse[row], clean.lse[row]);
      }
    }
  }
}

TEST_P(Conformance, GapsOfOnePassReplayBlasstExactly) {
  for (const DType dtype : {DType::F32, DType::BF16}) {
    const Shape shape = adapted({
        .heads = 3, .kvHeads = 1, .queries = 300, .keys = 520, .dim = 64, .block = 32, .dtype = dtype});
    AttentionCase problem = makeCase(shape, 10);
    problem.favourSomeKeyBlocks();
    AttentionArgs args = problem.args();
    std::mt19937 random(10);
    const BlockListStorage storage = randomList(shape, 0.8, 0.2, random);
    const BlockList list = storage.view();
    args.list = &list;
    Stats dense(shape);
    args.stats = &dense.out;
    run(variant(), problem, args);
    int64_t skippedBefore = -1;
    for (const float lnLambda : {-30.0f, -8.0f, -4.0f, -2.0f, -1.0f, -0.25f, -1e-3f, 0.0f}) {
      const SkipRule rule{.kind = SkipRule::Kind::Blasst, .lnLambda = lnLambda};
      args.skip = &rule;
      Stats sparse(shape);
      args.stats = &sparse.out;
      run(variant(), problem, args);
      EXPECT_EQ(sparse.keptBits, replay(dense, shape, lnLambda)) << lnLambda;
      EXPECT_EQ(0, largestDifference(sparse.gap, dense.gap));
      const int64_t skipped = sparse.counters[1] + sparse.counters[5] + sparse.counters[9];
      EXPECT_GE(skipped, skippedBefore);
      skippedBefore = skipped;
    }
    EXPECT_GT(skippedBefore, 0);
  }
}

// A run that skips gives what the reference gives on the list of the blocks it kept.
TEST_P(Conformance, SkippedBlocksAreLeftOutAndNothingElse) {
  const Shape shape = adapted({.batches = 2, .heads = 2, .queries = 200, .keys = 500, .dim = 64, .block = 32});
  AttentionCase problem = makeCase(shape, 11);
  problem.favourSomeKeyBlocks();
  const Result full = run(variant(), problem, problem.args());
  const std::vector<float> perHead = {-0.5f, -1.0f, -2.0f, 0.0f};
  std::vector<uint8_t> mustKeep(size_t(shape.kBlocks()));
  mustKeep[3] = 1;
  const SkipRule rules[] = {
      {.kind = SkipRule::Kind::Blasst, .lnLambdaPerHead = perHead.data(), .mustKeep = mustKeep.data()},
      {.kind = SkipRule::Kind::MassBound,
       .lseRef = full.lse.data(),
       .epsilon = 0.2f,
       .mustKeep = mustKeep.data()}};
  for (const SkipRule& rule : rules) {
    AttentionArgs args = problem.args();
    args.skip = &rule;
    Stats stats(shape);
    args.stats = &stats.out;
    const Result result = run(variant(), problem, args);
    int64_t skipped = 0;
    for (size_t head = 0; head < 4; ++head) skipped += stats.counters[head * 4 + 1];
    EXPECT_GT(skipped, 10);
    const BlockGrid grid{shape.batches * shape.heads, shape.qBlocks(), shape.kBlocks()};
    const BlockListStorage storage =
        listFromBits(grid, stats.keptBits, shape.block, shape.block, {shape.heads});
    for (const uint32_t bits : stats.keptBits) EXPECT_TRUE(bits >> 3 & 1);
    const BlockList list = storage.view();
    AttentionArgs kept = problem.args();
    kept.list = &list;
    expectClose(result, runReference(problem, kept));
    if (rule.kind == SkipRule::Kind::MassBound) {
      for (size_t row = 0; row < full.lse.size(); ++row)
        ASSERT_GE(std::exp(double(result.lse[row]) - full.lse[row]), 1 - double(rule.epsilon));
    }
  }
}

TEST_P(Conformance, BlockMassesSumToOneAndGiveTheRecallOfAnySubset) {
  const Shape shape = adapted({.heads = 2, .queries = 190, .keys = 450, .dim = 64});
  AttentionCase problem = makeCase(shape, 12, 3.0f);
  AttentionArgs args = problem.args();
  Stats stats(shape);
  args.stats = &stats.out;
  const Result full = run(variant(), problem, args);
  std::vector<float> mass(stats.gap.size());
  blockMassFromRowLogMass({.rowLogMass = stats.rowLogMass.data(),
                           .lse = full.lse.data(),
                           .batchHeads = shape.heads,
                           .queries = shape.queries,
                           .keyBlocks = shape.kBlocks(),
                           .qBlock = shape.block,
                           .mass = mass.data()});
  const BlockGrid grid{shape.heads, shape.qBlocks(), shape.kBlocks()};
  std::mt19937 random(12);
  std::vector<uint8_t> mask = randomMask(grid, 0.5, random);
  const BlockListStorage storage = listFromMask(grid, mask, shape.block, shape.block, {shape.heads});
  const BlockList list = storage.view();
  AttentionArgs sparse = problem.args();
  sparse.list = &list;
  const Result kept = run(variant(), problem, sparse);
  for (int64_t row = 0; row < shape.heads * shape.qBlocks(); ++row) {
    double total = 0;
    double keptMass = 0;
    for (int64_t t = 0; t < shape.kBlocks(); ++t) {
      const size_t block = size_t(row * shape.kBlocks() + t);
      total += mass[block];
      keptMass += mask[block] * double(mass[block]);
    }
    EXPECT_NEAR(total, 1, 2e-3);
    double recall = 0;
    const int64_t head = row / shape.qBlocks();
    const int64_t begin = row % shape.qBlocks() * shape.block;
    const int64_t end = std::min(begin + shape.block, shape.queries);
    for (int64_t n = begin; n < end; ++n) {
      const size_t i = size_t(head * shape.queries + n);
      recall += std::exp(double(kept.lse[i]) - full.lse[i]);
    }
    EXPECT_NEAR(recall / double(end - begin), keptMass, 2e-3);
  }
}

TEST_P(Conformance, NothingToDoIsDone) {
  for (const auto& [queries, keys] : {std::pair<int64_t, int64_t>{0, 50}, {50, 0}}) {
    AttentionCase problem = makeCase({.queries = queries, .keys = keys, .dim = 16}, 13);
    Stats stats(problem.shape);
    AttentionArgs args = problem.args();
    args.stats = &stats.out;
    const Result result = run(variant(), problem, args);
    for (const float o : result.o) ASSERT_EQ(o, 0);
    for (const float lse : result.lse) ASSERT_EQ(lse, -INFINITY);
    EXPECT_EQ(stats.counters[3], queries);
  }
}

TEST_P(Conformance, BadCallsAreRefused) {
  AttentionCase problem = makeCase({.queries = 64, .keys = 64, .dim = 16}, 14);
  AttentionArgs args = problem.args();
  args.k.stride[3] = 2;
  EXPECT_THROW(variant().run(args), std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Kernels, Conformance, ::testing::ValuesIn(variants()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace ditscope::kernels::test
