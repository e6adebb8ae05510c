// SPDX-License-Identifier: Apache-2.0
// minference: sampled rows and their sums, each pattern's mask token by token, equal cost, the search, files.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <set>

#include "block_masses.h"
#include "collector/methods/minference_config.h"
#include "db/error.h"
#include "method_support.h"
#include "temporary_folder.h"

namespace ditscope::collector::test {
namespace {

using testing::HasSubstr;

const CallShape kRagged = {.heads = 3, .grid = {5, 9, 11}, .dim = 24};  // 495 tokens: 15 blocks and 15 rows
const CallShape kTextFirst = {.heads = 3, .grid = {5, 9, 11}, .text = {0, 40}, .dim = 24};
const CallShape kTextLast = {.heads = 3, .grid = {5, 9, 11}, .text = {495, 530}, .dim = 24};

at::Tensor softmaxOf(const MethodCall& call) {  // [H, Nq, Nk] fp64
  return (at::matmul(call.q.to(at::kDouble), call.k.to(at::kDouble).transpose(1, 2)) /
          std::sqrt(double(call.q.size(2))))
      .softmax(-1);
}

// The video's tokens of the calls above.
int64_t videoBegin(const MethodCall& call) {
  return call.text.begin == 0 ? call.text.end : 0;
}

// Column and diagonal sums of the rows that the method reads, text columns left out.
struct Sums {
  std::vector<double> columns;
  std::map<int64_t, double> diagonals;  // by i - j
};
Sums sumsOf(const MethodCall& call, int64_t head) {
  const at::Tensor all = softmaxOf(call);
  Sums sums{std::vector<double>(size_t(call.keys())), {}};
  for (int64_t o = 1 - call.keys(); o < call.queries(); ++o) sums.diagonals[o] = 0;
  for (const int64_t i : stratifiedRows(call, 64, 0.25)) {
    for (int64_t j = videoBegin(call); j < videoBegin(call) + 495; ++j) {
      sums.columns[size_t(j)] += all[head][i][j].item<double>();
      sums.diagonals[i - j] += all[head][i][j].item<double>();
    }
  }
  return sums;
}

TEST(MethodsMInference, RowsAreSpreadOverTheVideo) {
  for (const CallShape& shape : {kRagged, kTextFirst, kTextLast}) {
    const MethodCall call = randomCall(shape);
    const std::vector<int64_t> rows = stratifiedRows(call, 64, 0.25);
    ASSERT_EQ(rows.size(), 64u);
    std::set<int64_t> columns;
    for (size_t i = 0; i < rows.size(); ++i) {
      const double place = double(rows[i] - videoBegin(call)) * 64 / 495;
      EXPECT_GE(place, double(i) - 0.2);
      EXPECT_LT(place, double(i + 1));
      columns.insert((rows[i] - videoBegin(call)) % 11);
    }
    EXPECT_EQ(columns.size(), 11u) << "every column of the grid";
    EXPECT_NE(rows, stratifiedRows(call, 64, 0.75));
  }
  EXPECT_EQ(stratifiedRows(randomCall({.grid = {1, 2, 3}}), 64, 0.25),
            (std::vector<int64_t>{0, 1, 2, 3, 4, 5}));
}

TEST(MethodsMInference, SumsAreThoseOfTheSoftmax) {
  for (const CallShape& shape : {kRagged, kTextFirst}) {
    const MethodCall call = randomCall(shape);
    const std::vector<int64_t> rows = stratifiedRows(call, 64, 0.25);
    const std::vector<int64_t> heads = {0, 2};
    forEachHeadsRows(call, heads, rows, [&](size_t i, const float* share) {
      const RowSums sums = sumRows(call, rows, share);
      const Sums expected = sumsOf(call, heads[i]);
      for (size_t j = 0; j < expected.columns.size(); ++j)
        ASSERT_NEAR(sums.columns[j], expected.columns[j], 1e-5);
      ASSERT_EQ(sums.diagonals.size(), expected.diagonals.size());
      for (const auto& [offset, sum] : expected.diagonals)
        ASSERT_NEAR(sums.diagonals[size_t(offset + call.keys() - 1)], sum, 1e-5);
    });
  }
}

class MInferenceFile : public testing::Test {
 protected:
  std::unique_ptr<Method> made(const std::string& content, const std::string& more = "") {
    std::ofstream(m_file) << content;
    return makeMethod("minference:config=" + m_file.string() + more, samplingPlan(4, 1, 3));
  }

  std::string refusal(const std::string& content) {
    try {
      (void)made(content);
    } catch (const db::Error& error) {
      EXPECT_EQ(error.exitCode(), 3);
      EXPECT_THAT(error.what(), HasSubstr(m_file.string()));
      return error.what();
    }
    return "";
  }

  TemporaryFolder m_folder;
  std::filesystem::path m_file = m_folder.path() / "best_pattern.json";
};

// Who attends whom by the `count` heaviest diagonals: all of the blocks that they touch.
at::Tensor slashMask(const MethodCall& call, const Sums& sums, int64_t count) {
  std::vector<std::pair<double, int64_t>> order;
  for (const auto& [offset, sum] : sums.diagonals) order.push_back({offset == 0 ? -INFINITY : -sum, offset});
  std::sort(order.begin(), order.end());
  at::Tensor mask = at::zeros({call.queries(), call.keys()}, at::kBool);
  const int64_t b = call.block;
  for (int64_t n = 0; n < count; ++n) {
    for (int64_t i = 0; i < call.queries(); ++i) {
      const int64_t j = i - order[size_t(n)].second;
      if (j < 0 || j >= call.keys()) continue;
      mask.slice(0, i / b * b, i / b * b + b).slice(1, j / b * b, j / b * b + b).fill_(true);
    }
  }
  return mask;
}

// A touched block whose diagonal starts beyond the ragged end counts too, so only whole blocks are compared.
at::Tensor wholeBlocks(const at::Tensor& mask) {
  return mask.slice(0, 0, 480).slice(1, 0, 480);
}

TEST_F(MInferenceFile, VerticalSlashOfGivenSizes) {
  const MethodCall call = randomCall(kRagged);
  const std::string content =
      R"([{"0": ["vertical_and_slash", 64, 5, 0.9], "1": ["vertical_and_slash", 0, 1, 1],
      "2": ["vertical_and_slash", 40, 12, 1]}])";
  const int64_t columns[] = {64, 0, 40}, diagonals[] = {5, 1, 12};
  const auto method = made(content);
  const auto exact = made(content, ",columns=token");
  const Plan plan = method->plan(call), tokenPlan = exact->plan(call);
  EXPECT_EQ(plan.decisions[0].choice, "vertical_slash");
  for (int64_t h = 0; h < 3; ++h) {
    const Sums sums = sumsOf(call, h);
    const at::Tensor slashes = slashMask(call, sums, diagonals[h]);
    at::Tensor expected = slashes.clone(), expectedTokens = slashes.clone();
    std::vector<std::pair<double, int64_t>> blocks, tokens;
    for (int64_t j = 0; j < 495; ++j) {
      if (j % 32 == 0) blocks.push_back({j == 0 ? -INFINITY : 0, j / 32});
      blocks.back().first -= sums.columns[size_t(j)];
      tokens.push_back({j < 30 ? -INFINITY : -sums.columns[size_t(j)], j});
    }
    std::sort(blocks.begin(), blocks.end());
    std::sort(tokens.begin(), tokens.end());
    for (int64_t n = 0; n < (columns[h] + 31) / 32; ++n)
      expected.slice(1, blocks[size_t(n)].second * 32, blocks[size_t(n)].second * 32 + 32).fill_(true);
    for (int64_t n = 0; n < columns[h]; ++n) expectedTokens.select(1, tokens[size_t(n)].second).fill_(true);
    EXPECT_TRUE(wholeBlocks(tokenMask(plan, call)[h]).equal(wholeBlocks(expected))) << h;
    EXPECT_TRUE(wholeBlocks(tokenMask(tokenPlan, call)[h]).equal(wholeBlocks(expectedTokens))) << h;
  }
  EXPECT_LT(largest(runKernel(tokenPlan, call) - maskedAttention(call, tokenMask(tokenPlan, call))), 1e-4);
}

TEST_F(MInferenceFile, AShapeAndBlockSparseOfGivenSizes) {
  const MethodCall call = randomCall(kRagged);
  const Plan plan = made(R"([{"0": ["stream_llm", 60, 96, 1], "1": ["block_sparse", 2, 0, 1],
                              "2": ["dense", 0, 0, 1]}])")
                        ->plan(call);
  const at::Tensor kept = keptBlocks(plan, call);
  for (int64_t g = 0; g < 16; ++g) {
    for (int64_t t = 0; t < 16; ++t) {
      const int64_t start =
          std::min<int64_t>(std::max<int64_t>(g - 1, 2), 13);  // of the band behind two blocks
      EXPECT_EQ(kept[0][g][t].item<bool>(), t < 2 || (t >= start && t < start + 3)) << g << ' ' << t;
    }
    std::vector<double> scores;
    for (int64_t t = 0; t < 16; ++t)
      scores.push_back(call.q[1]
                           .slice(0, g * 32, g * 32 + 32)
                           .to(at::kDouble)
                           .mean(0)
                           .dot(call.k[1].slice(0, t * 32, t * 32 + 32).to(at::kDouble).mean(0))
                           .item<double>());
    for (int64_t t = 0; t < 16; ++t) {  // two blocks of 64 are four of 32
      const auto heavier = std::count_if(scores.begin(), scores.end(),
                                         [&](double score) { return score > scores[size_t(t)]; });
      EXPECT_EQ(kept[1][g][t].item<bool>(), heavier < 4) << g << ' ' << t;
    }
  }
  EXPECT_TRUE(kept[2].all().item<bool>());
}

TEST_F(MInferenceFile, AMissingHeadTakesTheDefault) {
  std::ofstream(m_file) << R"([{"1": ["stream_llm", 1, 2, 0.5]}])";
  const std::vector<LayerPatterns> layers = readBestPatterns(m_file, samplingPlan(1, 1, 3));
  EXPECT_EQ(layers[0][0].type, PatternType::VerticalSlash);
  EXPECT_EQ(layers[0][0].v, 1000);
  EXPECT_EQ(layers[0][2].s, 6096);
  EXPECT_EQ(layers[0][1].type, PatternType::AShape);
  EXPECT_EQ(layers[0][1].score, 0.5);
}

TEST_F(MInferenceFile, IsRefusedWhenItIsOfAnotherModel) {
  EXPECT_THAT(refusal("{}"), HasSubstr("not a JSON array"));
  EXPECT_THAT(refusal("[{}, {}]"), HasSubstr("it has 2 layers, the model 1"));
  EXPECT_THAT(refusal("[[]]"), HasSubstr("layer 0 is no object"));
  EXPECT_THAT(refusal(R"([{"3": ["dense", 0, 0, 1]}])"),
              HasSubstr("layer 0 has a head '3', the model 3 heads"));
  EXPECT_THAT(refusal(R"([{"0": ["tri_shape", 0, 0, 1]}])"), HasSubstr("layer 0 head 0 has"));
  EXPECT_THAT(refusal(R"([{"0": ["dense", -1, 0, 1]}])"), HasSubstr("layer 0 head 0 has"));
  EXPECT_THAT(refusal(R"([{"0": ["dense", 1]}])"), HasSubstr("[type, v, s, score]"));
}

TEST(MethodsMInference, PatternsCostTheSame) {
  for (const CallShape& shape : {kRagged, kTextFirst, kTextLast}) {
    const MethodCall call = randomCall(shape);
    const VideoBlocks video(call);
    const at::Tensor own = at::zeros({video.qBlocks, video.kBlocks}, at::kBool);
    own.slice(0, video.first, video.last).slice(1, video.first, video.last).fill_(true);
    const double n = double(video.count());
    for (const std::string density : {"0.05", "0.2", "0.5", "1"}) {
      const double blocks = std::ceil(std::stod(density) * n - 1e-9) * n;
      for (const std::string pattern : {"a_shape", "vertical_slash", "block_sparse"}) {
        for (const std::string columns : {"block", "token"}) {
          const Plan plan =
              makeMethod("minference:density=" + density + ",pattern=" + pattern + ",columns=" + columns)
                  ->plan(call);
          // A block counts when any of its tokens is attended.
          const at::Tensor mask = tokenMask(plan, call);
          at::Tensor touched = at::zeros({3, video.qBlocks, video.kBlocks}, at::kBool);
          for (int64_t g = 0; g < video.qBlocks; ++g)
            for (int64_t t = 0; t < video.kBlocks; ++t)
              touched.select(1, g).select(1, t).copy_(
                  mask.slice(1, g * 32, g * 32 + 32).slice(2, t * 32, t * 32 + 32).flatten(1).any(1));
          for (int64_t h = 0; h < 3; ++h) {
            const double cost = touched[h].logical_and(own).sum().item<double>();
            EXPECT_NEAR(cost, blocks, pattern == "vertical_slash" ? n / 2 : 0)
                << pattern << " density " << density << " columns " << columns;
            EXPECT_TRUE(touched[h].logical_or(own).all().item<bool>()) << "text";
            EXPECT_FLOAT_EQ(plan.decisions[size_t(h)].budget, float(blocks / n / n));
          }
        }
      }
    }
  }
}

// Share of the softmax of some rows inside the mask, averaged.
double recallOfMask(const MethodCall& call, const at::Tensor& mask, int64_t head) {
  const at::Tensor share = softmaxOf(call)[head].masked_fill(mask[head].logical_not(), 0.0).sum(-1);
  const std::vector<int64_t> rows = stratifiedRows(call, 64, 0.75);
  return share.index_select(0, at::tensor(rows)).mean().item<double>();
}

TEST(MethodsMInference, TheSearchTakesThePatternOfHighestRecall) {
  MethodCall call = randomCall(kTextLast);
  call.q.mul_(0.3), call.k.mul_(0.3);
  for (const int64_t j : {100, 130, 300}) {  // head 0: some columns draw all, and their blocks' means hide it
    call.k[0][j].fill_(3);
    call.k[0][j + 1].fill_(-3);
  }
  call.q[0].add_(1);
  const at::Tensor places = randomTensor(5, {530, 24}) * 3;  // head 1: each token looks 64 ahead
  call.q[1].slice(0, 0, 466).copy_(places.slice(0, 64));
  call.k[1].copy_(places);
  const at::Tensor topics =
      randomTensor(6, {17, 24}) * 3;  // head 2: blocks look at blocks all over the video
  for (int64_t b = 0; b < 15; ++b) {
    call.q[2].slice(0, b * 32, b * 32 + 32).copy_(topics[b * 7 % 15].unsqueeze(0).expand({32, 24}));
    call.k[2].slice(0, b * 32, b * 32 + 32).copy_(topics[b].unsqueeze(0).expand({32, 24}));
  }
  const std::string text = "minference:density=0.2,pattern=";
  const Plan found = makeMethod(text + "search")->plan(call);
  std::vector<double> best(3, 0.0);
  for (const std::string pattern : {"a_shape", "vertical_slash", "block_sparse"}) {
    const Plan plan = makeMethod(text + pattern)->plan(call);
    for (int64_t h = 0; h < 3; ++h) {
      const double recall = recallOfMask(call, tokenMask(plan, call), h);
      EXPECT_NEAR(plan.decisions[size_t(h)].threshold, recall, 1e-4);
      best[size_t(h)] = std::max(best[size_t(h)], recall);
    }
  }
  for (int64_t h = 0; h < 3; ++h) {
    EXPECT_NEAR(found.decisions[size_t(h)].threshold, best[size_t(h)], 1e-4);
    EXPECT_NEAR(recallOfMask(call, tokenMask(found, call), h), best[size_t(h)], 1e-4);
  }
  EXPECT_EQ(found.decisions[0].choice, "vertical_slash");
  EXPECT_EQ(found.decisions[1].choice, "vertical_slash");
  EXPECT_EQ(found.decisions[2].choice, "block_sparse");
  EXPECT_GT(best[1], 0.9);
  EXPECT_GT(best[2], 0.9);
}

TEST(MethodsMInference, SearchesOnceInEachBranch) {
  const auto method = makeMethod("minference:density=0.2,dense_steps=2", samplingPlan(6));
  const MethodCall call = randomCall(kRagged);
  EXPECT_EQ(method->plan(callAt(call, 0)).kind, "dense");
  EXPECT_EQ(method->plan(callAt(call, 1)).kind, "search");
  EXPECT_EQ(method->plan(callAt(call, 2)).decisions[0].sourceStep, 1);
  const Plan other = method->plan(callAt(randomCall(kRagged, 2), 3, 0, db::Branch::Uncond));
  EXPECT_EQ(other.kind, "sparse");
  EXPECT_EQ(other.decisions[0].sourceStep, 3);
  EXPECT_EQ(method->plan(callAt(call, 4)).decisions[0].sourceStep, 1);
  EXPECT_EQ(
      makeMethod("minference:density=0.2", samplingPlan(6))->plan(callAt(call, 4)).decisions[0].sourceStep,
      4);
}

TEST(MethodsMInference, ANaNStaysInItsHead) {
  MethodCall call = randomCall(kRagged);
  const Plan clean = makeMethod("minference:density=0.2")->plan(call);
  call.k[1][70][3] = NAN;
  const Plan plan = makeMethod("minference:density=0.2")->plan(call);
  EXPECT_TRUE(tokenMask(plan, call)[0].equal(tokenMask(clean, call)[0]));
  EXPECT_EQ(plan.decisions[1].threshold, 0);
}

TEST(MethodsMInference, WhatTheSearchFoundCanBeSavedAndGiven) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "found.json").string();
  const MethodCall call = randomCall(kRagged);
  const auto searching = makeMethod("minference:density=0.25,save=" + file, samplingPlan(4, 2, 3));
  (void)searching->plan(callAt(call, 0, 1));
  const std::vector<LayerPatterns> saved = readBestPatterns(file, samplingPlan(4, 2, 3));
  const Plan found = searching->plan(callAt(call, 1, 1));
  const Plan given = makeMethod("minference:config=" + file, samplingPlan(4, 2, 3))->plan(callAt(call, 1, 1));
  for (size_t h = 0; h < 3; ++h) {
    EXPECT_EQ(patternName(saved[1][h].type), found.decisions[h].choice);
    EXPECT_EQ(given.decisions[h].choice, found.decisions[h].choice);
    EXPECT_FLOAT_EQ(float(saved[1][h].score), found.decisions[h].threshold);
  }
  EXPECT_GT(tokenMask(found, call).logical_and(tokenMask(given, call)).sum().item<double>(),
            0.8 * tokenMask(found, call).sum().item<double>());
}

}  // namespace
}  // namespace ditscope::collector::test
