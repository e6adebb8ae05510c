// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "collector/denoiser.h"
#include "collector/models/dit.h"
#include "db/error.h"
#include "tests/collector/golden_model.h"

namespace ditscope::collector {
namespace {

constexpr double kTolerance = 2e-5;  // absolute, f32

double largestDifference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

at::Tensor runOnce(Denoiser& denoiser, const DenoiserInput& input, const BlockTap& tap = {}) {
  const c10::NoGradGuard noGrad;
  StepContext step;
  step.branchOfRow.assign(static_cast<size_t>(input.latents.size(0)), db::Branch::Cond);
  PlainAttention attention;
  return denoiser.forward(input, step, attention, tap);
}

// Notes which calls arrive, and computes them plainly.
class NotingAttention final : public AttentionBackend {
 public:
  at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                    const AttentionContext& context) override {
    contexts.push_back(context);
    shapes.push_back(q.sizes().vec());
    return m_plain.attend(q, k, v, context);
  }
  std::vector<AttentionContext> contexts;
  std::vector<std::vector<int64_t>> shapes;

 private:
  PlainAttention m_plain;
};

struct Case {
  const char* name;
  const char* blockPrefix;  // of the taps
};

void PrintTo(const Case& value, std::ostream* out) {
  *out << value.name;
}

class GoldenForward : public ::testing::TestWithParam<Case> {};

TEST_P(GoldenForward, MatchesBlockByBlock) {
  const GoldenModel golden(GetParam().name);
  const auto denoiser = loadDenoiser(golden.folder());
  int blocks = 0;
  const at::Tensor out = runOnce(*denoiser, golden.input(), [&](int block, const at::Tensor& tokens) {
    const nlohmann::json& tap = golden.taps.at(GetParam().blockPrefix + std::to_string(block));
    EXPECT_EQ(tokens.sizes().vec(), tap.at("shape").get<std::vector<int64_t>>());
    const double expected = tap.at("abssum").get<double>();
    EXPECT_NEAR(tokens.to(at::kDouble).abs().sum().item<double>(), expected, 1e-6 * expected)
        << "first at " << block;
    ++blocks;
  });
  EXPECT_EQ(blocks, denoiser->shape().layers);
  ASSERT_EQ(out.sizes(), golden.out.sizes());
  EXPECT_LE(largestDifference(out, golden.out), kTolerance);
  RecordProperty("largest_difference", std::to_string(largestDifference(out, golden.out)));
}

TEST_P(GoldenForward, EachRowStandsAlone) {
  const GoldenModel golden(GetParam().name);
  const auto denoiser = loadDenoiser(golden.folder());
  const DenoiserInput both = golden.input();
  for (int64_t row = 0; row < 2; ++row) {
    const auto one = [&](const at::Tensor& x) { return x.defined() ? x.narrow(0, row, 1) : x; };
    const DenoiserInput input{one(both.latents), one(both.timestep), one(both.text), one(both.labels)};
    EXPECT_LE(largestDifference(runOnce(*denoiser, input), golden.out.narrow(0, row, 1)), kTolerance);
  }
}

TEST_P(GoldenForward, HalfPrecisionCheckpointsRunInF32) {
  for (const at::ScalarType type : {at::kHalf, at::kBFloat16}) {
    const GoldenModel golden(GetParam().name);
    TensorMap half;
    for (const auto& [name, tensor] : golden.weights) half[name] = tensor.to(type);
    writeSafetensors(golden.folder() / "diffusion_pytorch_model.safetensors", half);
    const at::Tensor out = runOnce(*loadDenoiser(golden.folder()), golden.input());
    EXPECT_EQ(out.scalar_type(), at::kFloat);
    const double error = ((out - golden.out).norm() / golden.out.norm()).item<double>();
    EXPECT_LT(error, type == at::kHalf ? 2e-3 : 2e-2);
    EXPECT_GT(error, 0);
  }
}

TEST_P(GoldenForward, RunsInBf16) {
  const GoldenModel golden(GetParam().name);
  DenoiserInput input = golden.input();
  input.latents = input.latents.to(at::kBFloat16);
  if (input.text.defined()) input.text = input.text.to(at::kBFloat16);
  const at::Tensor out =
      runOnce(*loadDenoiser(golden.folder(), {at::kBFloat16, at::kCPU}), input).to(at::kFloat);
  EXPECT_LT(((out - golden.out).norm() / golden.out.norm()).item<double>(), 2e-2);
  EXPECT_GT(at::cosine_similarity(out.flatten(), golden.out.flatten(), 0).item<double>(), 0.9995);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenForward,
                         ::testing::Values(Case{"dit_tiny", "transformer_blocks."},
                                           Case{"wan_tiny", "blocks."}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Dit, SaysWhatItIs) {
  const GoldenModel golden("dit_tiny");
  const auto denoiser = loadDenoiser(golden.folder());
  const DenoiserShape& shape = denoiser->shape();
  EXPECT_EQ(shape.className, "DiTTransformer2DModel");
  EXPECT_EQ(shape.layers, 2);
  EXPECT_EQ(shape.heads, 2);
  EXPECT_EQ(shape.headDim, 8);
  EXPECT_TRUE(shape.classConditional);
  EXPECT_TRUE(shape.branchesInOneForward);
  EXPECT_EQ(shape.nullLabel, 1000);
  EXPECT_EQ(denoiser->tokenGrid(golden.input().latents).count(), 16);
}

TEST(Dit, EveryAttentionCallPassesTheDoor) {
  const GoldenModel golden("dit_tiny");
  const auto denoiser = loadDenoiser(golden.folder());
  NotingAttention attention;
  const c10::NoGradGuard noGrad;
  denoiser->forward(golden.input(), {7, {db::Branch::Cond, db::Branch::Uncond}}, attention);
  ASSERT_EQ(attention.contexts.size(), 2u);
  for (int layer = 0; layer < 2; ++layer) {
    const AttentionContext& context = attention.contexts[static_cast<size_t>(layer)];
    EXPECT_EQ(context.step, 7);
    EXPECT_EQ(context.layer, layer);
    EXPECT_EQ(context.kind, db::AttnKind::Self);
    EXPECT_EQ(context.grid.rows, 4);
    EXPECT_EQ(context.branchOfRow, (std::vector{db::Branch::Cond, db::Branch::Uncond}));
    EXPECT_EQ(attention.shapes[static_cast<size_t>(layer)], (std::vector<int64_t>{2, 2, 16, 8}));
  }
}

TEST(Dit, PositionsPutTheColumnFirst) {
  DitConfig config;
  config.heads = 1;
  config.headDim = 8;
  config.sampleSize = 8;
  config.patch = 2;
  const at::Tensor table = ditPositions(config, {1, 4, 4});
  const at::Tensor row2col3 = table[2 * 4 + 3];
  // omega = 1, 0.01 over each half: [sin col | cos col | sin row | cos row]
  const double expected[] = {std::sin(3.0), std::sin(0.03), std::cos(3.0), std::cos(0.03),
                             std::sin(2.0), std::sin(0.02), std::cos(2.0), std::cos(0.02)};
  for (int i = 0; i < 8; ++i) EXPECT_NEAR(row2col3[i].item<double>(), expected[i], 1e-7) << i;
  // Twice as many columns span the same range.
  EXPECT_NEAR(ditPositions(config, {1, 4, 8})[3][0].item<double>(), std::sin(1.5), 1e-7);
}

TEST(Dit, OtherSizesThanTheTrainedOne) {
  const GoldenModel golden("dit_tiny");
  DenoiserInput input = golden.input();
  input.latents = at::cat({input.latents, input.latents}, 3);
  EXPECT_EQ(runOnce(*loadDenoiser(golden.folder()), input).sizes().vec(),
            (std::vector<int64_t>{2, 8, 16, 32}));
}

TEST(Dit, InputsThatDoNotFit) {
  const GoldenModel golden("dit_tiny");
  const auto denoiser = loadDenoiser(golden.folder());
  const auto refused = [&](auto change) {
    DenoiserInput input = golden.input();
    change(input);
    EXPECT_THROW(runOnce(*denoiser, input), db::Error);
  };
  refused([](DenoiserInput& input) { input.labels.reset(); });
  refused([](DenoiserInput& input) { input.labels = at::tensor({3, 1001}, at::kLong); });
  refused([](DenoiserInput& input) { input.labels = at::tensor({-1, 3}, at::kLong); });
  refused([](DenoiserInput& input) { input.labels = at::tensor({3}, at::kLong); });
  refused([](DenoiserInput& input) { input.timestep = at::tensor({3}, at::kLong); });
  refused([](DenoiserInput& input) { input.latents = input.latents.narrow(1, 0, 3); });
  refused([](DenoiserInput& input) { input.latents = input.latents.narrow(3, 0, 15); });
}

}  // namespace
}  // namespace ditscope::collector
