// SPDX-License-Identifier: Apache-2.0
#include "db/block_mask.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>

namespace ditscope::db {
namespace {

size_t wordCount(int32_t rows, int32_t cols) {
  return (size_t(rows) * size_t(cols) + 63) / 64;
}

uint64_t lastWordBits(int32_t rows, int32_t cols) {  // the bits of the last word that are in use
  const size_t used = size_t(rows) * size_t(cols) % 64;
  return used == 0 ? ~uint64_t{0} : (uint64_t{1} << used) - 1;
}

void requireShape(int32_t rows, int32_t cols) {
  if (rows < 0 || cols < 0) throw std::invalid_argument("BlockMask: negative size");
}

}  // namespace

BlockMask::BlockMask(int32_t rows, int32_t cols, BlockState fill) : m_rows(rows), m_cols(cols) {
  requireShape(rows, cols);
  std::vector<uint64_t> all(wordCount(rows, cols), ~uint64_t{0});
  if (!all.empty()) all.back() = lastWordBits(rows, cols);
  m_kept = fill == BlockState::Skipped ? std::vector<uint64_t>(all.size(), 0) : all;
  if (fill == BlockState::Partial) m_partial = all;
}

BlockState BlockMask::at(int32_t row, int32_t col) const {
  const size_t bit = size_t(row) * size_t(m_cols) + size_t(col);
  if ((m_kept[bit / 64] >> (bit % 64) & 1) == 0) return BlockState::Skipped;
  const bool partial = !m_partial.empty() && (m_partial[bit / 64] >> (bit % 64) & 1) != 0;
  return partial ? BlockState::Partial : BlockState::Full;
}

void BlockMask::set(int32_t row, int32_t col, BlockState state) {
  const size_t bit = size_t(row) * size_t(m_cols) + size_t(col);
  const uint64_t one = uint64_t{1} << (bit % 64);
  if (state == BlockState::Skipped) {
    m_kept[bit / 64] &= ~one;
  } else {
    m_kept[bit / 64] |= one;
  }
  if (state == BlockState::Partial) {
    if (m_partial.empty()) m_partial.resize(m_kept.size(), 0);
    m_partial[bit / 64] |= one;
  } else if (!m_partial.empty() && (m_partial[bit / 64] & one) != 0) {
    m_partial[bit / 64] &= ~one;
    if (std::ranges::all_of(m_partial, [](uint64_t word) { return word == 0; })) m_partial.clear();
  }
}

int64_t BlockMask::keptCount() const {
  int64_t count = 0;
  for (const uint64_t word : m_kept) count += std::popcount(word);
  return count;
}

double BlockMask::density() const {
  return empty() ? 0.0 : double(keptCount()) / (double(m_rows) * double(m_cols));
}

BlockMask BlockMask::fromWords(int32_t rows, int32_t cols, std::vector<uint64_t> kept,
                               std::vector<uint64_t> partial) {
  requireShape(rows, cols);
  const size_t words = wordCount(rows, cols);
  if (kept.size() != words || (!partial.empty() && partial.size() != words)) {
    throw std::invalid_argument("BlockMask: number of words does not fit the size");
  }
  if (words > 0 && (kept.back() & ~lastWordBits(rows, cols)) != 0) {
    throw std::invalid_argument("BlockMask: a bit outside the mask is set");
  }
  bool anyPartial = false;
  for (size_t i = 0; i < partial.size(); ++i) {
    if ((partial[i] & ~kept[i]) != 0) throw std::invalid_argument("BlockMask: a skipped block is partial");
    anyPartial = anyPartial || partial[i] != 0;
  }
  BlockMask mask;
  mask.m_rows = rows;
  mask.m_cols = cols;
  mask.m_kept = std::move(kept);
  if (anyPartial) mask.m_partial = std::move(partial);
  return mask;
}

double jaccard(const BlockMask& a, const BlockMask& b) {
  if (a.rows() != b.rows() || a.cols() != b.cols())
    throw std::invalid_argument("jaccard: masks differ in size");
  int64_t both = 0;
  int64_t either = 0;
  for (size_t i = 0; i < a.keptWords().size(); ++i) {
    both += std::popcount(a.keptWords()[i] & b.keptWords()[i]);
    either += std::popcount(a.keptWords()[i] | b.keptWords()[i]);
  }
  return either == 0 ? 1.0 : double(both) / double(either);
}

}  // namespace ditscope::db
