// SPDX-License-Identifier: Apache-2.0
// A benchmark compares only what computes the same.
#include "collector/bench/contest.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "collector/attention_kernel.h"
#include "collector/bench/flash_loop.h"

namespace ditscope::collector::bench {
namespace {

at::Tensor reference(const Contest& contest, const kernels::BlockListStorage* lists) {
  at::Tensor out = at::empty_like(contest.q());
  const kernels::BlockList list = lists != nullptr ? lists->view() : kernels::BlockList{};
  kernels::AttentionArgs args;
  args.q = kernelView(contest.q());
  args.k = kernelView(contest.k());
  args.v = kernelView(contest.v());
  args.o = kernelView(out);
  args.list = lists != nullptr ? &list : nullptr;
  kernels::attentionReference(args);
  return out;
}

double relativeError(const at::Tensor& result, const at::Tensor& expected) {
  return ((result.to(at::kDouble) - expected).norm() / expected.to(at::kDouble).norm()).item<double>();
}

void expectAgreement(const Contest& contest) {
  const at::Tensor dense = reference(contest, nullptr);
  size_t lists = 0;  // the contenders of a density stand together, behind them its plan
  int attended = 0;
  for (const Contender& contender : contest.contenders()) {
    contender.run();
    lists += contender.flops == 0;
    if (contender.flops == 0 || contender.name == kPeakName) continue;
    const bool sparse = contender.name.find("density") != std::string::npos;
    const at::Tensor expected = sparse ? reference(contest, &contest.lists()[lists]) : dense;
    const bool half = contest.result().scalar_type() != at::kFloat;
    EXPECT_LE(relativeError(contest.result(), expected), half ? 1e-2 : 5e-6) << contender.name;
    ++attended;
  }
  EXPECT_EQ(lists, contest.lists().size());
  EXPECT_GE(attended, 7 + 3 * int(lists));
}

TEST(BenchContest, AllAgreeWithTheReference) {
  expectAgreement(Contest({1, 2, 200, 24}, {{0.5, 0.25}, 1, 32}));
}

TEST(BenchContest, AllAgreeOnSeveralThreadsAndTiles) {
  expectAgreement(Contest({2, 1, 770, 16}, {{0.1}, 2, 128}));
}

TEST(BenchContest, CountsThePairsOfKeptBlocks) {
  // Two query blocks of 64 and 36 rows over key blocks of the same widths, one kept in each row.
  const Contest contest({1, 1, 100, 16}, {{0.5}, 1, 64});
  for (const Contender& contender : contest.contenders()) {
    if (contender.name != "ditscope-f32-density-0.5") continue;
    double pairs = 0;
    const kernels::BlockListStorage& list = contest.lists()[0];
    for (size_t row = 0; row < 2; ++row) pairs += (row == 0 ? 64 : 36) * (list.entry[row] == 0 ? 64 : 36);
    EXPECT_DOUBLE_EQ(contender.density, pairs / 10000);
    EXPECT_DOUBLE_EQ(contender.flops, contender.density * 4 * 100 * 100 * 16);
    return;
  }
  FAIL() << "no contender has this density";
}

TEST(FlashLoop, ScoresThatGrowFromTileToTileRescaleWhatIsDone) {
  at::Tensor q = at::ones({1, 1, 1100, 16});
  at::Tensor k = at::arange(1100, at::kFloat).mul_(0.002).view({1, 1, 1100, 1}).expand({1, 1, 1100, 16});
  at::Tensor v = at::randn({1, 1, 1100, 16});
  at::Tensor out = at::empty_like(q);
  flashLoop(q, k.contiguous(), v, out);
  const at::Tensor scores = at::matmul(q.to(at::kDouble), k.to(at::kDouble).transpose(2, 3)) / 4;
  EXPECT_LE(relativeError(out, at::matmul(at::softmax(scores, -1), v.to(at::kDouble))), 5e-6);
}

}  // namespace
}  // namespace ditscope::collector::bench
