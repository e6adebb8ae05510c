// SPDX-License-Identifier: Apache-2.0
#include "kernels/token_windows.h"

#include <algorithm>
#include <bit>

#include "kernels/block_walk.h"

namespace ditscope::kernels {
namespace {

// One query block's attended keys as bits: [qBlock][key blocks * kBlock], moved into the lists block by
// block.
class BitRows {
 public:
  BitRows(int64_t keys, int32_t qBlock, int32_t kBlock)
      : m_keys(keys),
        m_qBlock(qBlock),
        m_kBlock(kBlock),
        m_words(ceilDiv(ceilDiv(keys, kBlock) * kBlock, 64)),
        m_bits(size_t(qBlock * m_words)) {}

  void clear() { std::fill(m_bits.begin(), m_bits.end(), 0u); }

  void set(int64_t row, KeyInterval interval) {
    const int64_t end = std::min(interval.end, m_keys);
    uint64_t* bits = &m_bits[size_t(row * m_words)];
    for (int64_t j = std::max<int64_t>(interval.begin, 0); j < end;) {
      const int64_t count = std::min(64 - j % 64, end - j);
      bits[j / 64] |= (~uint64_t(0) >> (64 - count)) << (j % 64);
      j += count;
    }
  }

  // Appends the blocks of this query block, of which `rows` rows exist.
  void appendTo(BlockListStorage& lists, int64_t rows) const {
    for (int64_t t = 0; t * m_kBlock < m_keys; ++t) {
      const int64_t keys = std::min<int64_t>(m_kBlock, m_keys - t * m_kBlock);
      int64_t attended = 0;
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t part = 0; part < m_kBlock; part += 32)
          attended += std::popcount(half(r, t * m_kBlock + part));
      if (attended == 0) continue;
      const bool partial = attended < rows * keys;
      lists.entry.push_back(uint32_t(t) | (partial ? kPartialEntry : 0));
      lists.partialOffset.push_back(int64_t(lists.partialBits.size()));
      if (partial) appendBits(lists.partialBits, t);
    }
    lists.rowStart.push_back(int32_t(lists.entry.size()));
  }

 private:
  // 32 bits from a key that is a multiple of 32.
  [[nodiscard]] uint32_t half(int64_t row, int64_t key) const {
    return uint32_t(m_bits[size_t(row * m_words + key / 64)] >> (key % 64));
  }

  void appendBits(std::vector<uint64_t>& out, int64_t t) const {
    const size_t start = out.size();
    out.resize(start + size_t(m_qBlock * m_kBlock / 64));
    int64_t position = 0;
    for (int64_t r = 0; r < m_qBlock; ++r) {
      for (int64_t part = 0; part < m_kBlock; part += 32, position += 32)
        out[start + size_t(position / 64)] |= uint64_t(half(r, t * m_kBlock + part)) << (position % 64);
    }
  }

  int64_t m_keys;
  int64_t m_qBlock, m_kBlock;
  int64_t m_words;
  std::vector<uint64_t> m_bits;
};

}  // namespace

BlockListStorage listFromIntervals(
    int64_t queries, int64_t keys, int32_t qBlock, int32_t kBlock,
    const std::function<void(int64_t query, std::vector<KeyInterval>& intervals)>& keysOf) {
  BlockListStorage lists;
  lists.qBlock = qBlock;
  lists.kBlock = kBlock;
  lists.rowStart.push_back(0);
  BitRows bits(keys, qBlock, kBlock);
  std::vector<KeyInterval> intervals;
  for (int64_t row0 = 0; row0 < queries; row0 += qBlock) {
    const int64_t rows = std::min<int64_t>(qBlock, queries - row0);
    bits.clear();
    for (int64_t r = 0; r < rows; ++r) {
      intervals.clear();
      keysOf(row0 + r, intervals);
      for (const KeyInterval& interval : intervals) bits.set(r, interval);
    }
    bits.appendTo(lists, rows);
  }
  if (lists.partialBits.empty()) lists.partialOffset.clear();
  return lists;
}

BlockListStorage listFromWindow(const SlidingWindow& window, int32_t qBlock, int32_t kBlock) {
  return listFromIntervals(window.tokens, window.tokens, qBlock, kBlock,
                           [&window](int64_t i, std::vector<KeyInterval>& intervals) {
                             intervals.push_back({0, window.sinkKeys});
                             intervals.push_back({i - window.radius, i + window.radius + 1});
                           });
}

BlockListStorage listFromWindow(const GridWindow& window, int32_t qBlock, int32_t kBlock) {
  const int64_t video = window.frames * window.height * window.width;
  const int64_t tokens = video + window.textTokens;
  const auto keysOf = [&window, video, tokens](int64_t i, std::vector<KeyInterval>& intervals) {
    if (i >= video) {
      intervals.push_back({0, tokens});
      return;
    }
    intervals.push_back({video, tokens});
    const int64_t column = i % window.width;
    const int64_t row = i / window.width % window.height;
    const int64_t frame = i / window.width / window.height;
    const int64_t firstRow = std::max<int64_t>(row - window.heightRadius, 0);
    const int64_t lastRow = std::min(row + window.heightRadius, window.height - 1);
    const int64_t firstColumn = std::max<int64_t>(column - window.widthRadius, 0);
    const int64_t lastColumn = std::min(column + window.widthRadius, window.width - 1);
    const int64_t lastFrame = std::min(frame + window.frameRadius, window.frames - 1);
    for (int64_t f = std::max<int64_t>(frame - window.frameRadius, 0); f <= lastFrame; ++f) {
      for (int64_t y = firstRow; y <= lastRow; ++y) {
        const int64_t lineStart = (f * window.height + y) * window.width;
        intervals.push_back({lineStart + firstColumn, lineStart + lastColumn + 1});
      }
    }
  };
  return listFromIntervals(tokens, tokens, qBlock, kBlock, keysOf);
}

}  // namespace ditscope::kernels
