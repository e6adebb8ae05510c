// SPDX-License-Identifier: Apache-2.0
#include "kernels/mask_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <stdexcept>

#include "tests/kernels/attention_case.h"

namespace ditscope::kernels::test {
namespace {

using ::testing::ElementsAre;

TEST(MaskSearch, PooledMeansAndScoresAreWhatTheySay) {
  for (const DType dtype : {DType::F32, DType::BF16}) {
    AttentionCase problem({.batches = 2,
                           .heads = 4,
                           .kvHeads = 2,
                           .queries = 130,
                           .keys = 170,
                           .dim = 24,
                           .dtype = dtype,
                           .layout = Layout::Bnhd},
                          1, 4.0f);
    const BlockScoreArgs args{.q = problem.q.view(), .k = problem.k.view(), .qBlock = 32, .kBlock = 64};
    const BlockGrid grid = gridOf(args);
    ASSERT_EQ(grid.qBlocks, 5);
    ASSERT_EQ(grid.kBlocks, 3);
    std::vector<float> scores(static_cast<size_t>(grid.blocks()));
    pooledScores(args, scores);

    const auto mean = [](const HostTensor& tensor, int64_t b, int64_t h, int64_t begin, int64_t end,
                         int64_t d) {
      double sum = 0;
      for (int64_t n = begin; n < end; ++n) sum += tensor.at(b, h, n, d);
      return sum / double(end - begin);
    };
    size_t position = 0;
    for (int64_t list = 0; list < 8; ++list) {
      for (int64_t g = 0; g < 5; ++g) {
        double weights[3];
        for (int64_t t = 0; t < 3; ++t) {
          double dot = 0;
          for (int64_t d = 0; d < 24; ++d)
            dot += mean(problem.q, list / 4, list % 4, g * 32, std::min<int64_t>(g * 32 + 32, 130), d) *
                   mean(problem.k, list / 4, list % 4 / 2, t * 64, std::min<int64_t>(t * 64 + 64, 170), d);
          weights[t] = std::exp(dot / std::sqrt(24.0));
        }
        for (const double weight : weights)
          ASSERT_NEAR(scores[position++], weight / (weights[0] + weights[1] + weights[2]), 1e-5);
      }
    }
  }
}

TEST(MaskSearch, TopKChoosesByRowOrByHead) {
  const std::vector<float> scores = {0.1f,   0.7f, 0.2f, /**/ 0.9f, 0.8f, 0.85f,
                                     /**/ 3, 3,    3,    /**/ NAN,  -1,   NAN};
  std::vector<uint8_t> kept(12);
  selectTopK({2, 2, 3}, scores, 1, SelectionScope::Row, kept);
  EXPECT_THAT(kept, ElementsAre(0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0));
  selectTopK({2, 2, 3}, scores, 3, SelectionScope::Head, kept);
  EXPECT_THAT(kept, ElementsAre(0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0));
  selectTopK({2, 2, 3}, scores, 99, SelectionScope::Row, kept);
  EXPECT_EQ(std::accumulate(kept.begin(), kept.end(), 0), 12);
  selectTopK({2, 2, 3}, scores, 0, SelectionScope::Head, kept);
  EXPECT_EQ(std::accumulate(kept.begin(), kept.end(), 0), 0);
}

TEST(MaskSearch, TopPKeepsTheFewestBlocksThatReachTheShare) {
  const std::vector<float> scores = {0.1f, 0.6f, 0.3f, /**/ 0.2f, 0.2f, 0.6f};
  std::vector<uint8_t> kept(6);
  selectTopP({1, 2, 3}, scores, 0.65, SelectionScope::Row, kept);
  EXPECT_THAT(kept, ElementsAre(0, 1, 1, 1, 0, 1));
  selectTopP({1, 2, 3}, scores, 0.6, SelectionScope::Head, kept);
  EXPECT_THAT(kept, ElementsAre(0, 1, 0, 0, 0, 1));
  selectTopP({1, 2, 3}, scores, 1.0, SelectionScope::Row, kept);
  EXPECT_EQ(std::accumulate(kept.begin(), kept.end(), 0), 6);
}

TEST(MaskSearch, RowsWithoutInformationAreKeptWhole) {
  std::vector<uint8_t> kept(2);
  selectTopP({1, 1, 2}, std::vector<float>{NAN, 0}, 0.5, SelectionScope::Row, kept);
  EXPECT_THAT(kept, ElementsAre(1, 1));
}

TEST(MaskSearch, WrongSizesAreRefused) {
  std::vector<uint8_t> kept(5);
  EXPECT_THROW(selectTopK({1, 2, 3}, std::vector<float>(6), 1, SelectionScope::Row, kept),
               std::invalid_argument);
  AttentionCase problem({.queries = 64, .keys = 64}, 1);
  std::vector<float> scores(3);
  EXPECT_THROW(pooledScores({.q = problem.q.view(), .k = problem.k.view()}, scores), std::invalid_argument);
  std::vector<float> means(3);
  EXPECT_THROW(poolMean(problem.q.view(), 64, means), std::invalid_argument);
}

}  // namespace
}  // namespace ditscope::kernels::test
