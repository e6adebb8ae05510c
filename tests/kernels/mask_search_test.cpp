// SPDX-License-Identifier: Apache-2.0
#include "kernels/mask_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "kernels/cpu_targets.h"
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

TEST(MaskSearch, SimilarityIsTheMeanCosineOfAllPairsOfABlock) {
  for (const DType dtype : {DType::F32, DType::F16}) {
    AttentionCase problem({.batches = 2,
                           .heads = 3,
                           .kvHeads = 3,
                           .queries = 75,
                           .keys = 75,
                           .dim = 24,
                           .dtype = dtype,
                           .layout = Layout::Bnhd},
                          3);
    for (int64_t d = 0; d < 24; ++d) {
      problem.q.set(1, 2, 40, d, 0);                            // a row of zeros
      problem.q.set(0, 1, 3, d, problem.q.at(0, 1, 4, d) * 2);  // two of the same direction
    }
    std::vector<float> centre(size_t(6 * 24), 0.0f);
    for (size_t i = 24; i < centre.size(); ++i) centre[i] = 0.01f * float(i % 24);
    std::vector<float> means(size_t(6 * 3 * 24)), similarities(size_t(6 * 3));
    for (const bool centred : {false, true}) {
      poolWithSimilarity(problem.q.view(), 32, centred ? centre : std::vector<float>(), means, similarities);
      const auto value = [&](int64_t list, int64_t n, int64_t d) {
        return double(problem.q.at(list / 3, list % 3, n, d)) -
               (centred ? double(centre[size_t(list * 24 + d)]) : 0.0);
      };
      for (int64_t list = 0; list < 6; ++list) {
        for (int64_t g = 0; g < 3; ++g) {
          const int64_t begin = g * 32, end = std::min<int64_t>(begin + 32, 75);
          double sum = 0;
          std::vector<double> mean(24);
          for (int64_t i = begin; i < end; ++i) {
            for (int64_t d = 0; d < 24; ++d) mean[size_t(d)] += value(list, i, d) / double(end - begin);
            for (int64_t j = begin; j < end; ++j) {
              double dot = 0, ii = 0, jj = 0;
              for (int64_t d = 0; d < 24; ++d) {
                dot += value(list, i, d) * value(list, j, d);
                ii += value(list, i, d) * value(list, i, d);
                jj += value(list, j, d) * value(list, j, d);
              }
              if (ii > 0 && jj > 0) sum += dot / std::sqrt(ii * jj);
            }
          }
          ASSERT_NEAR(similarities[size_t(list * 3 + g)], sum / double((end - begin) * (end - begin)), 1e-5);
          for (int64_t d = 0; d < 24; ++d)
            ASSERT_NEAR(means[size_t((list * 3 + g) * 24 + d)], mean[size_t(d)], 1e-5);
        }
      }
    }
  }
}

TEST(MaskSearch, ANaNSpoilsTheSimilarityOfItsBlockAlone) {
  AttentionCase problem({.queries = 96, .keys = 96, .dim = 8}, 4);
  problem.q.set(0, 1, 40, 3, NAN);
  std::vector<float> means(size_t(2 * 3 * 8)), similarities(size_t(2 * 3));
  poolWithSimilarity(problem.q.view(), 32, {}, means, similarities);
  for (size_t i = 0; i < similarities.size(); ++i) EXPECT_EQ(std::isnan(similarities[i]), i == 4) << i;
}

TEST(MaskSearch, KeyBlocksThatTakeNoPartLeaveTheSoftmax) {
  AttentionCase problem({.heads = 4, .kvHeads = 2, .queries = 150, .keys = 170, .dim = 16}, 5, 4.0f);
  const BlockScoreArgs args{.q = problem.q.view(), .k = problem.k.view(), .qBlock = 32, .kBlock = 32};
  const BlockGrid grid = gridOf(args);
  std::vector<float> q(size_t(4 * grid.qBlocks * 16)), k(size_t(2 * grid.kBlocks * 16));
  poolMean(args.q, 32, q);
  poolMean(args.k, 32, k);
  std::vector<float> all(size_t(grid.blocks())), some(all.size()), every(all.size());
  pooledScores(args, all);
  pooledScores(args, {.q = q, .k = k, .takes = {}}, every);
  EXPECT_EQ(all, every);
  std::vector<uint8_t> takes;
  for (int64_t i = 0; i < 4 * grid.kBlocks; ++i) {
    const bool headTwo = i / grid.kBlocks == 2;  // none of its key blocks
    takes.push_back(uint8_t(!headTwo && i % 5 != 1));
  }
  pooledScores(args, {.q = q, .k = k, .takes = takes}, some);
  for (int64_t row = 0; row < 4 * grid.qBlocks; ++row) {
    const uint8_t* rowTakes = &takes[size_t(row / grid.qBlocks * grid.kBlocks)];
    double sum = 0;
    for (int64_t t = 0; t < grid.kBlocks; ++t)
      sum += rowTakes[t] * double(all[size_t(row * grid.kBlocks + t)]);
    for (int64_t t = 0; t < grid.kBlocks; ++t) {
      const size_t i = size_t(row * grid.kBlocks + t);
      ASSERT_NEAR(some[i], rowTakes[t] == 0 ? 0 : all[i] / sum, 1e-5) << i;
    }
  }
}

// softmax probabilities of every (list, query), [list][query][key], in double.
std::vector<double> probabilities(const AttentionCase& problem) {
  const Shape& s = problem.shape;
  std::vector<double> all;
  for (int64_t list = 0; list < s.batches * s.heads; ++list) {
    const int64_t kvHead = list % s.heads * s.kvHeads / s.heads;
    for (int64_t i = 0; i < s.queries; ++i) {
      const size_t start = all.size();
      double sum = 0;
      for (int64_t j = 0; j < s.keys; ++j) {
        double dot = 0;
        for (int64_t d = 0; d < s.dim; ++d)
          dot += double(problem.q.at(list / s.heads, list % s.heads, i, d)) *
                 problem.k.at(list / s.heads, kvHead, j, d);
        all.push_back(std::exp(dot / std::sqrt(double(s.dim))));
        sum += all.back();
      }
      for (size_t j = start; j < all.size(); ++j) all[j] /= sum;
    }
  }
  return all;
}

class MassOfTargets : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { useCpuTarget(GetParam()); }
  void TearDown() override { useCpuTarget(""); }
};

TEST_P(MassOfTargets, ExactMassesAreTheSoftmaxSummedOverBlocks) {
  AttentionCase problem({.batches = 2,
                         .heads = 2,
                         .kvHeads = 1,
                         .queries = 150,
                         .keys = 210,
                         .dim = 20,
                         .dtype = DType::F16,
                         .layout = Layout::Padded},
                        2, 3.0f);
  const BlockScoreArgs args{.q = problem.q.view(), .k = problem.k.view(), .qBlock = 64, .kBlock = 32};
  const BlockGrid grid = gridOf(args);
  (void)runReference(problem, problem.args());
  std::vector<float> lse = problem.lse;
  lse[7] = -INFINITY;  // an empty row has no mass
  std::vector<float> mass(static_cast<size_t>(grid.blocks()));
  blockMassFromLse(args, lse, mass);

  std::vector<double> expected(mass.size());
  const std::vector<double> p = probabilities(problem);
  for (int64_t row = 0; row < 4 * 150; ++row) {
    if (row == 7) continue;
    const int64_t g = row % 150 / 64;
    for (int64_t j = 0; j < 210; ++j)
      expected[size_t((row / 150 * grid.qBlocks + g) * grid.kBlocks + j / 32)] +=
          p[size_t(row * 210 + j)] / double(std::min<int64_t>(64, 150 - g * 64));
  }
  for (size_t i = 0; i < mass.size(); ++i) ASSERT_NEAR(mass[i], expected[i], 1e-5) << i;
}

TEST_P(MassOfTargets, SampledRowsGiveTheirOwnSoftmax) {
  AttentionCase problem({.heads = 2, .queries = 300, .keys = 170, .dim = 64}, 3, 3.0f);
  const BlockScoreArgs args{.q = problem.q.view(), .k = problem.k.view()};
  std::vector<int64_t> rows = {299, 0, 5};
  for (int64_t i = 0; i < 140; ++i) rows.push_back(i * 2);
  std::vector<float> mass(2 * rows.size() * 3);
  sampledRowMass(args, rows, mass);
  const std::vector<double> p = probabilities(problem);
  for (size_t i = 0; i < 2 * rows.size(); ++i) {
    const size_t row = i / rows.size() * 300 + size_t(rows[i % rows.size()]);
    double expected[3] = {};
    for (size_t j = 0; j < 170; ++j) expected[j / 64] += p[row * 170 + j];
    for (size_t t = 0; t < 3; ++t) ASSERT_NEAR(mass[i * 3 + t], expected[t], 1e-5) << i;
  }
  rows[0] = 300;
  EXPECT_THROW(sampledRowMass(args, rows, mass), std::invalid_argument);
}

TEST_P(MassOfTargets, AntidiagonalScoresAreThoseOfTheGroupedTokens) {
  const int64_t n = 150, dim = 8, stride = 4, block = 32, groups = 38, blocks = 5;
  AttentionCase problem({.heads = 2, .queries = n, .keys = n, .dim = dim}, 4, 3.0f);
  const BlockScoreArgs args{.q = problem.q.view(), .k = problem.k.view(), .qBlock = block, .kBlock = block};
  std::vector<float> scores(size_t(2 * blocks * blocks));
  antidiagonalScores(args, stride, scores);

  const auto token = [](const HostTensor& tensor, int64_t h, int64_t i, int64_t d) {
    return i < n ? double(tensor.at(0, h, i, d)) : 0.0;
  };
  std::vector<double> expected(scores.size());
  for (int64_t h = 0; h < 2; ++h) {
    for (int64_t i = 0; i < groups; ++i) {
      std::vector<double> weight(static_cast<size_t>(groups));
      double sum = 0;
      for (int64_t j = 0; j < groups; ++j) {
        double dot = 0;
        for (int64_t a = 0; a < stride; ++a)
          for (int64_t d = 0; d < dim; ++d)
            dot +=
                token(problem.q, h, i * stride + stride - 1 - a, d) * token(problem.k, h, j * stride + a, d);
        sum += weight[size_t(j)] = std::exp(dot / std::sqrt(double(dim)) / double(stride));
      }
      const int64_t g = i / 8;
      for (int64_t j = 0; j < groups; ++j)
        expected[size_t((h * blocks + g) * blocks + j / 8)] +=
            weight[size_t(j)] / sum / double(std::min<int64_t>(8, groups - g * 8));
    }
  }
  for (size_t i = 0; i < scores.size(); ++i) ASSERT_NEAR(scores[i], expected[i], 1e-5) << i;
}

INSTANTIATE_TEST_SUITE_P(Kernels, MassOfTargets, ::testing::ValuesIn(cpuTargets()),
                         [](const auto& instance) { return instance.param; });

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

TEST(MaskSearch, TopPKnowsTheConventionsForTheCrossingBlockAndForExactHits) {
  const std::vector<float> scores = {0.1f, 0.5f, 0.05f, 0.2f, 0.15f};
  const auto keeps = [&scores](double share, Crossing crossing) {
    std::vector<uint8_t> kept(5);
    selectTopP({1, 1, 5}, scores, share, SelectionScope::Row, kept, crossing);
    return std::accumulate(kept.begin(), kept.end(), 0);
  };
  EXPECT_EQ(keeps(0.7, Crossing::Excluded), 2);
  EXPECT_EQ(keeps(0.7, Crossing::Included), 2);
  EXPECT_EQ(keeps(0.75, Crossing::Excluded), 2);
  EXPECT_EQ(keeps(0.75, Crossing::Included), 3);
  EXPECT_EQ(keeps(0.3, Crossing::Excluded), 1) << "never none";
  EXPECT_EQ(keeps(0, Crossing::Included), 1);
  EXPECT_EQ(keeps(1, Crossing::Excluded), 5);
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
  EXPECT_THROW(antidiagonalScores({.q = problem.q.view(), .k = problem.k.view()}, 5, scores),
               std::invalid_argument);
  std::vector<float> means(3);
  EXPECT_THROW(poolMean(problem.q.view(), 64, means), std::invalid_argument);
}

}  // namespace
}  // namespace ditscope::kernels::test
