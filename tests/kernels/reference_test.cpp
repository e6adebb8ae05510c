// SPDX-License-Identifier: Apache-2.0
// The reference itself, against the textbook: whole rows of scores, one softmax, one token mask.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/kernels/attention_case.h"

namespace ditscope::kernels::test {
namespace {

// attended: [b, h, query, key].
Result textbook(const AttentionCase& problem, const std::vector<bool>& attended) {
  const Shape& s = problem.shape;
  Result result;
  size_t position = 0;
  for (int64_t b = 0; b < s.batches; ++b) {
    for (int64_t h = 0; h < s.heads; ++h) {
      const int64_t kvHead = h * s.kvHeads / s.heads;
      for (int64_t i = 0; i < s.queries; ++i) {
        double sum = 0;
        std::vector<double> o(static_cast<size_t>(s.dim));
        for (int64_t j = 0; j < s.keys; ++j) {
          if (!attended[position++]) continue;
          double dot = 0;
          for (int64_t d = 0; d < s.dim; ++d)
            dot += double(problem.q.at(b, h, i, d)) * problem.k.at(b, kvHead, j, d);
          const double weight = std::exp(dot / std::sqrt(double(s.dim)));
          sum += weight;
          for (int64_t d = 0; d < s.dim; ++d) o[size_t(d)] += weight * problem.v.at(b, kvHead, j, d);
        }
        for (const double value : o) result.o.push_back(sum == 0 ? 0.0f : float(value / sum));
        result.lse.push_back(float(std::log(sum)));
      }
    }
  }
  return result;
}

// The token mask that a list means.
std::vector<bool> tokensOf(const BlockList& list, const Shape& s) {
  std::vector<bool> attended(size_t(s.rows() * s.keys));
  for (int64_t b = 0; b < s.batches; ++b) {
    for (int64_t h = 0; h < s.heads; ++h) {
      for (int64_t i = 0; i < s.queries; ++i) {
        const int32_t* row = list.rowStart + b * list.batchStride + h * list.headStride + i / s.block;
        for (int32_t e = row[0]; e < row[1]; ++e) {
          const int64_t key0 = int64_t(list.entry[e] & kKeyBlockMask) * s.block;
          for (int64_t j = 0; j < s.block && key0 + j < s.keys; ++j) {
            const int64_t bit = i % s.block * s.block + j;
            const bool on = !(list.entry[e] & kPartialEntry) ||
                            (list.partialBits[list.partialOffset[e] + bit / 64] >> (bit % 64) & 1);
            attended[size_t(((b * s.heads + h) * s.queries + i) * s.keys + key0 + j)] = on;
          }
        }
      }
    }
  }
  return attended;
}

TEST(Reference, IsTheTextbookSoftmax) {
  for (const DType dtype : {DType::F32, DType::F16, DType::BF16}) {
    AttentionCase problem({.batches = 2,
                           .heads = 4,
                           .kvHeads = 2,
                           .queries = 70,
                           .keys = 130,
                           .dim = 24,
                           .dtype = dtype,
                           .layout = Layout::Bnhd},
                          1);
    const Result result = runReference(problem, problem.args());
    const Result expected = textbook(problem, std::vector<bool>(size_t(problem.shape.rows() * 130), true));
    EXPECT_LE(relativeError(result.o, expected.o), 1e-6);
    EXPECT_LE(largestDifference(result.lse, expected.lse), 1e-6);
  }
}

TEST(Reference, HonoursListsAndPartialBits) {
  std::mt19937 random(2);
  for (const int32_t block : {32, 64, 128}) {
    AttentionCase problem({.batches = 2, .heads = 2, .queries = 150, .keys = 333, .dim = 16, .block = block},
                          2);
    const BlockListStorage storage = randomList(problem.shape, 0.4, 0.5, random);
    const BlockList list = storage.view();
    AttentionArgs args = problem.args();
    args.list = &list;
    const Result result = runReference(problem, args);
    const Result expected = textbook(problem, tokensOf(list, problem.shape));
    EXPECT_LE(relativeError(result.o, expected.o), 1e-6);
    EXPECT_LE(largestDifference(result.lse, expected.lse), 1e-6);
  }
}

}  // namespace
}  // namespace ditscope::kernels::test
