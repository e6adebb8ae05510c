// SPDX-License-Identifier: Apache-2.0
// The blocks of one head in memory: which were computed (BlockMask) and how much softmax mass each holds
// (BlockMass). Both are row-major [rows = query blocks][cols = key blocks].
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "db/model.h"

namespace ditscope::db {

class BlockMask {
 public:
  BlockMask() = default;
  BlockMask(int32_t rows, int32_t cols, BlockState fill = BlockState::Skipped);

  [[nodiscard]] int32_t rows() const { return m_rows; }
  [[nodiscard]] int32_t cols() const { return m_cols; }
  [[nodiscard]] bool empty() const { return m_rows == 0 || m_cols == 0; }
  [[nodiscard]] BlockState at(int32_t row, int32_t col) const;
  void set(int32_t row, int32_t col, BlockState state);
  [[nodiscard]] int64_t keptCount() const;  // partial and full blocks
  [[nodiscard]] double density() const;     // kept / all
  friend bool operator==(const BlockMask&, const BlockMask&) = default;

  // Bits in row-major order, 64 a word, unused bits zero. `partial` is empty when no block is partial.
  [[nodiscard]] std::span<const uint64_t> keptWords() const { return m_kept; }
  [[nodiscard]] std::span<const uint64_t> partialWords() const { return m_partial; }
  static BlockMask fromWords(int32_t rows, int32_t cols, std::vector<uint64_t> kept,
                             std::vector<uint64_t> partial);

 private:
  int32_t m_rows = 0;
  int32_t m_cols = 0;
  std::vector<uint64_t> m_kept;
  std::vector<uint64_t> m_partial;
};

// |a and b| / |a or b| of the kept sets; 1 when both are empty. Throws std::invalid_argument on other shapes.
[[nodiscard]] double jaccard(const BlockMask& a, const BlockMask& b);

// Share of a query block's softmax mass that falls into each key block, averaged over the rows of the
// query block: every row of the map sums to 1 (0 when all its query rows are empty).
struct BlockMass {
  int32_t rows = 0;
  int32_t cols = 0;
  std::vector<float> mass;
  [[nodiscard]] float at(int32_t row, int32_t col) const {
    return mass[size_t(row) * size_t(cols) + size_t(col)];
  }
};

}  // namespace ditscope::db
