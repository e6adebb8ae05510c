// SPDX-License-Identifier: Apache-2.0
// The instrumented backend by itself: its outputs, and the drift that the recorder derives from repeated
// calls.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>

#include "collector/instrumented_attention.h"
#include "collector/methods/registry.h"
#include "db/trace_reader.h"
#include "temporary_folder.h"

namespace ditscope::collector {
namespace {

constexpr int kBlock = 32;

at::Tensor random(uint64_t seed, at::IntArrayRef shape) {
  return at::randn(shape, at::detail::createCPUGenerator(seed), at::TensorOptions(at::kFloat));
}

struct Inputs {  // 3 frames of 5 x 7 tokens
  at::Tensor q, k, v;
  explicit Inputs(int64_t batch)
      : q(2 * random(1, shape(batch))), k(random(2, shape(batch))), v(random(3, shape(batch))) {}
  static std::vector<int64_t> shape(int64_t batch) { return {batch, 3, 105, 16}; }
};

AttentionContext contextOf(int step, std::vector<db::Branch> branches) {
  AttentionContext context;
  context.step = step;
  context.branchOfRow = std::move(branches);
  context.grid = {3, 5, 7};
  return context;
}

double largest(const at::Tensor& x) {
  return x.abs().max().item<double>();
}

TEST(RunAttention, DenseIsPlainAttention) {
  const Inputs in(2);
  const RunClock clock;
  InstrumentedAttention attention(parseMethod("dense")({}), kBlock, clock, nullptr);
  const AttentionContext context = contextOf(0, {db::Branch::Cond, db::Branch::Uncond});
  const at::Tensor out = attention.attend(in.q, in.k, in.v, context);
  EXPECT_LT(largest(out - PlainAttention().attend(in.q, in.k, in.v, context)), 1e-4);
  EXPECT_GT(attention.totals().kernelNs, 0);
}

TEST(RunAttention, AnyLayoutGivesTheSame) {
  const Inputs in(1);
  const RunClock clock;
  InstrumentedAttention attention(parseMethod("dense")({}), kBlock, clock, nullptr);
  const AttentionContext context = contextOf(0, {db::Branch::Cond});
  const auto byTokens = [](const at::Tensor& x) { return x.transpose(1, 2).contiguous().transpose(1, 2); };
  const auto byChannels = [](const at::Tensor& x) { return x.transpose(2, 3).contiguous().transpose(2, 3); };
  const at::Tensor out = attention.attend(in.q, in.k, in.v, context);
  EXPECT_EQ(largest(out - attention.attend(byTokens(in.q), byTokens(in.k), byTokens(in.v), context)), 0);
  EXPECT_EQ(largest(out - attention.attend(byChannels(in.q), byChannels(in.k), byChannels(in.v), context)),
            0);
}

TEST(RunAttention, CrossAttentionIsDenseWhateverTheMethod) {
  const Inputs in(1);
  const at::Tensor k = random(4, {1, 3, 9, 16}), v = random(5, {1, 3, 9, 16});
  const RunClock clock;
  InstrumentedAttention attention(parseMethod("window:tokens=1")({}), kBlock, clock, nullptr);
  AttentionContext context = contextOf(0, {db::Branch::Cond});
  context.kind = db::AttnKind::Cross;
  EXPECT_LT(largest(attention.attend(in.q, k, v, context) - PlainAttention().attend(in.q, k, v, context)),
            1e-4);
}

TEST(RunAttention, WindowIsAttentionUnderItsMask) {
  const Inputs in(1);
  const RunClock clock;
  InstrumentedAttention attention(parseMethod("window:tokens=10")({}), kBlock, clock, nullptr);
  at::Tensor mask = at::zeros({105, 105}, at::kBool);
  for (int64_t i = 0; i < 105; ++i) {
    const int64_t g = i / kBlock;
    const int64_t low = std::max<int64_t>(g * kBlock - 10, 0) / kBlock;
    const int64_t high =
        std::min<int64_t>(std::min<int64_t>(g * kBlock + kBlock, 105) - 1 + 10, 104) / kBlock;
    for (int64_t j = 0; j < 105; ++j) mask[i][j] = j / kBlock >= low && j / kBlock <= high;
  }
  const at::Tensor scores = at::matmul(in.q, in.k.transpose(2, 3)) / 4;
  const at::Tensor expected = at::matmul(scores.masked_fill(mask.logical_not(), -INFINITY).softmax(-1), in.v);
  const at::Tensor out = attention.attend(in.q, in.k, in.v, contextOf(0, {db::Branch::Cond}));
  EXPECT_LT(largest(out - expected), 1e-4);
}

TEST(RunAttention, ARepeatedStepDriftsByNothing) {
  const TemporaryFolder folder;
  const Inputs in(1);
  const RunClock clock;
  db::TraceWriter writer(folder.path() / "run.db", {});
  writer.addLayer({0, "blocks.0", db::AttnKind::Self, 3, 16});
  Recorder recorder(writer, {}, clock, writer.addDevice({}), 1);
  InstrumentedAttention attention(
      parseMethod("topk:density=0.5,source=pooled,dense_steps=0")({{1, 0.6, 0.3}, 1, 3}), kBlock, clock,
      &recorder);
  for (int step = 0; step < 3; ++step) {
    const at::Tensor q = step < 2 ? in.q : 2 * in.q;
    attention.attend(q, in.k, in.v, contextOf(step, {db::Branch::Cond}));
    writer.push(db::Step{step, 0, 0, 0, 0});
  }
  writer.finalise({});
  const db::TraceReader trace(folder.path() / "run.db");
  for (const db::HeadRow& row : trace.heads({1, {}, {}, {}})) {
    EXPECT_EQ(row.stats.lseDriftMean, 0);
    EXPECT_EQ(row.stats.lseDriftP90, 0);
    EXPECT_EQ(row.stats.maskDrift, 0);
  }
  for (const db::HeadRow& row : trace.heads({2, {}, {}, {}})) {
    EXPECT_GT(row.stats.lseDriftMean, 0);
    EXPECT_GE(row.stats.lseDriftP90, row.stats.lseDriftP50);
  }
}

}  // namespace
}  // namespace ditscope::collector
