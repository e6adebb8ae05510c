// SPDX-License-Identifier: Apache-2.0
// Launches of a plan: heads apart, token orders and given outputs end in the same tensors and records as one
// launch would give.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>

#include "collector/attention.h"
#include "collector/instrumented_attention.h"
#include "collector/plan_runner.h"
#include "db/error.h"
#include "db/trace_reader.h"
#include "kernels/token_windows.h"
#include "temporary_folder.h"

namespace ditscope::collector {
namespace {

constexpr int kBlock = 32;
constexpr int64_t kHeads = 4, kTokens = 105, kDim = 16;  // 3 frames of 5 x 7 tokens; a ragged last block

struct Inputs {
  at::Tensor q = 2 * random(1), k = random(2), v = random(3);
  static at::Tensor random(uint64_t seed) {
    return at::randn({1, kHeads, kTokens, kDim}, at::detail::createCPUGenerator(seed),
                     at::TensorOptions(at::kFloat));
  }
};

at::Tensor shuffled(uint64_t seed) {
  return at::randperm(kTokens, at::detail::createCPUGenerator(seed), at::TensorOptions(at::kLong));
}

double largest(const at::Tensor& x) {
  return x.abs().max().item<double>();
}

std::shared_ptr<const kernels::BlockListStorage> slidingWindow(int64_t radius) {
  return std::make_shared<kernels::BlockListStorage>(
      kernels::listFromWindow(kernels::SlidingWindow{kTokens, radius, 0}, kBlock, kBlock));
}

PlanResult run(const Plan& plan, const Inputs& in) {
  const RunClock clock;
  return runPlan(plan, in.q, in.k, in.v, {.block = kBlock, .keptBits = true, .rowLogMass = true}, clock);
}

TEST(RunPlan, HeadsApartAreTheSameAsTogether) {
  const Inputs in;
  const auto lists = slidingWindow(20);
  const PlanResult together = run(sparsePlan(lists), in);
  Plan apart{.kind = "sparse",
             .launches = {{.heads = {0, 2}, .lists = lists}, {.heads = {1, 3}, .lists = lists}}};
  const PlanResult parts = run(apart, in);
  EXPECT_EQ(largest(parts.kernel.out - together.kernel.out), 0);
  EXPECT_EQ(largest(parts.kernel.lse - together.kernel.lse), 0);
  EXPECT_TRUE(at::equal(parts.kernel.keptBits, together.kernel.keptBits));
  EXPECT_TRUE(at::equal(parts.kernel.counters, together.kernel.counters));
  EXPECT_EQ(parts.launches.size(), 2);
  EXPECT_EQ(parts.kernelNs(), parts.launches[0].kernelNs + parts.launches[1].kernelNs);
}

TEST(RunPlan, DenseAttentionDoesNotCareAboutTheOrderOfTokens) {
  const Inputs in;
  const PlanResult plain = run({}, in);
  Plan plan;
  plan.launches = {
      {.heads = {0, 1}, .order = {db::TokenOrder::PixelMajor, shuffled(1), shuffled(2)}},
      {.heads = {2, 3}, .order = {db::TokenOrder::Clustered, at::stack({shuffled(3), shuffled(4)}), {}}}};
  const PlanResult ordered = run(plan, in);
  EXPECT_LT(largest(ordered.kernel.out - plain.kernel.out), 1e-5);
  EXPECT_LT(largest(ordered.kernel.lse - plain.kernel.lse), 1e-5);
  // Masses follow the launch: rows and columns are the blocks of the new order.
  const at::Tensor mass = ordered.blockMass(kBlock);
  EXPECT_LT(largest(mass.sum(-1) - 1), 0.01);
  EXPECT_LT(largest(denseLike(plan).launches.size() == 2 ? run(denseLike(plan), in).blockMass(kBlock) - mass
                                                         : at::ones({1})),
            1e-6);
}

TEST(RunPlan, AMaskIsOneOfTheOrderedTokens) {
  const Inputs in;
  const at::Tensor order = shuffled(5);
  Plan plan = sparsePlan(slidingWindow(12));
  plan.launches[0].order = {db::TokenOrder::PixelMajor, order, order};
  const at::Tensor place = at::argsort(order, -1, false).to(at::kDouble);
  const at::Tensor far = (place.unsqueeze(1) - place.unsqueeze(0)).abs() > 12;
  const at::Tensor scores = at::matmul(in.q, in.k.transpose(2, 3)) / 4;
  const at::Tensor expected = at::matmul(scores.masked_fill(far, -INFINITY).softmax(-1), in.v);
  EXPECT_LT(largest(run(plan, in).kernel.out - expected), 1e-5);
}

TEST(RunPlan, AGivenOutputRunsNoKernel) {
  const Inputs in;
  const at::Tensor output = at::full({1, kTokens, kDim}, 7.0f);
  Plan plan{.kind = "reuse", .launches = {{.heads = {2}, .output = output}, {.heads = {0, 1, 3}}}};
  const PlanResult result = run(plan, in);
  EXPECT_EQ(largest(result.kernel.out.select(1, 2) - 7), 0);
  EXPECT_TRUE((result.kernel.lse.select(1, 2) == -INFINITY).all().item<bool>());
  EXPECT_EQ(result.kernel.counters[0][2][0].item<int64_t>(), 0);
  EXPECT_EQ(result.launches[0].kernelNs, 0);
  EXPECT_LT(largest(result.kernel.out.select(1, 3) - run({}, in).kernel.out.select(1, 3)), 1e-6);
}

TEST(RunPlan, EveryHeadMustBeThereOnce) {
  const Inputs in;
  for (const std::vector<int64_t>& heads : {std::vector<int64_t>{0, 1}, {0, 1, 2, 2}, {0, 1, 2, 3, 4}}) {
    EXPECT_THROW(run({.launches = {{.heads = heads}}}, in), db::Error);
  }
}

// A method that gives the plans of a list, one a step.
class Scripted final : public Method {
 public:
  explicit Scripted(std::vector<Plan> plans) : m_plans(std::move(plans)) { name = "scripted"; }
  Plan plan(const MethodCall& call) override { return m_plans.at(size_t(call.step)); }

 private:
  std::vector<Plan> m_plans;
};

std::vector<db::HeadRow> record(const TemporaryFolder& folder, std::vector<Plan> plans, const Inputs& in) {
  const RunClock clock;
  const int steps = int(plans.size());
  db::TraceWriter writer(folder.path() / "run.db", {});
  writer.addLayer({0, "blocks.0", db::AttnKind::Self, kHeads, kDim});
  Recorder recorder(writer, {.level = db::RecordLevel::Mass, .layers = {}}, clock, writer.addDevice({}), 1);
  InstrumentedAttention attention(std::make_unique<Scripted>(std::move(plans)), kBlock, clock, &recorder);
  for (int step = 0; step < steps; ++step) {
    AttentionContext context;
    context.step = step;
    context.branchOfRow = {db::Branch::Cond};
    context.grid = {3, 5, 7};
    attention.attend(in.q, in.k, in.v, context);
    writer.push(db::Step{step, 0, 0, 0, 0});
  }
  writer.finalise({});
  return db::TraceReader(folder.path() / "run.db").heads({steps - 1, {}, {}, {}});
}

TEST(RunPlan, EachHeadIsRecordedByItsOwnLaunch) {
  const TemporaryFolder folder;
  const Inputs in;
  Plan mixed{.kind = "sparse",
             .launches = {{.heads = {0}},
                          {.heads = {1, 2},
                           .lists = slidingWindow(20),
                           .order = {db::TokenOrder::PixelMajor, shuffled(1), shuffled(1)}},
                          {.heads = {3}, .output = at::zeros({1, kTokens, kDim})}},
             .decisions = {{.choice = "dense"},
                           {.choice = "temporal", .budget = 0.5f},
                           {.choice = "temporal", .budget = 0.5f},
                           {.choice = "output_share", .sourceStep = 0}}};
  const std::vector<db::HeadRow> heads = record(folder, {Plan{}, mixed}, in);
  ASSERT_EQ(heads.size(), kHeads);
  EXPECT_EQ(heads[0].stats.densityQk, 1);
  EXPECT_EQ(heads[0].stats.recallMean, 1);
  EXPECT_EQ(heads[0].stats.timeMethod, db::TimeMethod::Measured);
  EXPECT_EQ(heads[0].stats.maskDrift, 0);
  EXPECT_EQ(heads[1].stats.timeMethod, db::TimeMethod::Attributed);
  EXPECT_LT(heads[1].stats.recallMean, 1);
  EXPECT_TRUE(std::isnan(heads[1].stats.maskDrift));  // the order of its blocks has changed
  EXPECT_EQ(heads[1].decision.method, "scripted");
  EXPECT_EQ(heads[1].decision.order, db::TokenOrder::PixelMajor);
  EXPECT_EQ(heads[1].decision.budget, 0.5f);
  EXPECT_EQ(heads[3].stats.densityQk, 0);
  EXPECT_TRUE(std::isnan(heads[3].stats.recallMean));
  EXPECT_TRUE(std::isnan(heads[3].stats.lseMean));
  EXPECT_EQ(heads[3].stats.errorL1, 1);  // a zero output against dense attention
  EXPECT_EQ(heads[3].stats.timeNs, 0);
  EXPECT_EQ(heads[3].decision.choice, "output_share");
  EXPECT_EQ(heads[3].decision.sourceStep, 0);

  const db::TraceReader trace(folder.path() / "run.db");
  const int64_t call = heads[1].callId;
  const db::BlockMask mask = trace.mask(call, 1).value();
  EXPECT_EQ(mask.at(0, 0), db::BlockState::Partial);
  EXPECT_EQ(trace.mask(call, 0)->at(0, 3), db::BlockState::Full);
  EXPECT_EQ(trace.mask(call, 3)->keptCount(), 0);
}

}  // namespace
}  // namespace ditscope::collector
