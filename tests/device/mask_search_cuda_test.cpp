// SPDX-License-Identifier: Apache-2.0
// Plan building on the device, emulated, against the host's.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "kernels/cuda/mask_search_cuda.h"
#include "tests/kernels/attention_case.h"

namespace ditscope::kernels::test {
namespace {

// Scores with ties, zeros and NaN.
std::vector<float> someScores(const BlockGrid& grid, std::mt19937& random) {
  std::vector<float> scores(size_t(grid.blocks()));
  for (float& score : scores) {
    const unsigned kind = random() % 16;
    score = kind == 0 ? NAN : kind == 1 ? -1.0f : float(random() % 40) / 64;
  }
  return scores;
}

TEST(MaskSearchCuda, SelectionsAreTheHosts) {
  std::mt19937 random(1);
  for (const BlockGrid grid :
       {BlockGrid{1, 1, 1}, BlockGrid{2, 3, 7}, BlockGrid{1, 2, 64}, BlockGrid{2, 2, 300}}) {
    const std::vector<float> scores = someScores(grid, random);
    std::vector<uint8_t> kept(scores.size()), expected(scores.size());
    for (const int64_t count : {int64_t(0), int64_t(1), grid.kBlocks / 3, 2 * grid.kBlocks}) {
      selectTopKCuda(grid, scores.data(), count, kept.data(), nullptr);
      selectTopK(grid, scores, count, SelectionScope::Row, expected);
      EXPECT_EQ(kept, expected) << grid.kBlocks << " top " << count;
    }
    for (const double share : {0.0, 0.3, 0.95, 1.0}) {
      for (const Crossing crossing : {Crossing::Included, Crossing::Excluded}) {
        selectTopPCuda(grid, scores.data(), share, crossing, kept.data(), nullptr);
        selectTopP(grid, scores, share, SelectionScope::Row, expected, crossing);
        EXPECT_EQ(kept, expected) << grid.kBlocks << " share " << share;
      }
    }
  }
}

TEST(MaskSearchCuda, ARowOfZerosKeepsAll) {
  const BlockGrid grid{1, 2, 5};
  const std::vector<float> scores(10, 0);
  std::vector<uint8_t> kept(10);
  selectTopPCuda(grid, scores.data(), 0.5, Crossing::Included, kept.data(), nullptr);
  EXPECT_EQ(kept, std::vector<uint8_t>(10, 1));
}

TEST(MaskSearchCuda, ListsAreTheHosts) {
  std::mt19937 random(2);
  for (const BlockGrid grid : {BlockGrid{1, 0, 4}, BlockGrid{3, 5, 33}, BlockGrid{2, 700, 3}}) {
    const std::vector<uint8_t> mask = randomMask(grid, 0.4, random);
    const BlockListStorage expected = listFromMask(grid, mask, 64, 64, {.heads = grid.lists});
    std::vector<int32_t> rowStart(size_t(grid.lists * grid.qBlocks) + 1, -1);
    std::vector<uint32_t> entry(mask.size() + 1);
    listsFromMaskCuda(grid, mask.data(), rowStart.data(), entry.data(), nullptr);
    EXPECT_EQ(rowStart, expected.rowStart);
    entry.resize(size_t(rowStart.back()));
    EXPECT_EQ(entry, expected.entry);
  }
}

TEST(MaskSearchCuda, PooledScoresAreTheHosts) {
  for (const DType dtype : {DType::F32, DType::BF16, DType::F16}) {
    const Shape shape{
        .batches = 2, .heads = 4, .kvHeads = 2, .queries = 150, .keys = 230, .dim = 40, .dtype = dtype};
    AttentionCase problem(shape, 3);
    const BlockScoreArgs args{.q = problem.q.view(), .k = problem.k.view(), .qBlock = 64, .kBlock = 32};
    const BlockGrid grid = gridOf(args);
    std::vector<float> scores(size_t(grid.blocks())), expected(scores.size());
    std::vector<float> means(size_t(pooledMeansFloats(args)));
    pooledScoresCuda(args, means.data(), scores.data(), nullptr);
    pooledScores(args, expected);
    for (size_t i = 0; i < scores.size(); ++i) EXPECT_NEAR(scores[i], expected[i], 1e-5f);
  }
}

TEST(MaskSearchCuda, RowsTooLongToSortAreRefused) {
  EXPECT_THROW(selectTopKCuda({1, 1, kMaxSortedBlocks + 1}, nullptr, 1, nullptr, nullptr),
               std::invalid_argument);
}

}  // namespace
}  // namespace ditscope::kernels::test
