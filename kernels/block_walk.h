// SPDX-License-Identifier: Apache-2.0
// How every host kernel reads the arguments of one call: its sizes, the key blocks that a query block visits
// in order, and where its statistics go. Dense calls look like a list that names every block.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include "kernels/attention.h"

namespace ditscope::kernels {

inline int64_t ceilDiv(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

// The sizes of one call, worked out once.
struct Geometry {
  explicit Geometry(const AttentionArgs& args)
      : batches(args.q.size[0]),
        heads(args.q.size[1]),
        kvHeads(args.k.size[1]),
        queries(args.q.size[2]),
        keys(args.k.size[2]),
        dim(args.q.size[3]),
        validKeys(args.validKeys < 0 ? keys : args.validKeys),
        qBlock(args.list ? args.list->qBlock : args.defaultBlock),
        kBlock(args.list ? args.list->kBlock : args.defaultBlock),
        qBlocks(ceilDiv(queries, qBlock)),
        kBlocks(ceilDiv(keys, kBlock)),
        scale(args.scale != 0 ? args.scale : float(1.0 / std::sqrt(double(dim)))) {}

  [[nodiscard]] int64_t kvHead(int64_t head) const { return head / (heads / kvHeads); }
  [[nodiscard]] int64_t queryBlockRows(int64_t g) const { return std::min(qBlock, queries - g * qBlock); }
  [[nodiscard]] int64_t blockKeys(int64_t t) const { return std::min(kBlock, validKeys - t * kBlock); }

  int64_t batches, heads, kvHeads, queries, keys, dim, validKeys;
  int64_t qBlock, kBlock, qBlocks, kBlocks;
  float scale;
};

// One visit of a key block; bits is null for a full block (see BlockList::partialBits).
struct BlockVisit {
  int64_t keyBlock = 0;
  const uint64_t* bits = nullptr;
};

// The visits of query block g of (b, h). A listed block without a valid key is passed over.
class BlockWalk {
 public:
  BlockWalk(const AttentionArgs& args, const Geometry& geometry, int64_t b, int64_t h, int64_t g)
      : m_list(args.list), m_usable(ceilDiv(geometry.validKeys, geometry.kBlock)) {
    if (m_list) {
      const int32_t* row = m_list->rowStart + b * m_list->batchStride + h * m_list->headStride + g;
      m_next = row[0];
      m_end = row[1];
    } else {
      m_end = m_usable;
    }
  }

  bool next(BlockVisit& visit) {
    while (m_next < m_end) {
      const int64_t i = m_next++;
      if (!m_list) {
        visit = {i, nullptr};
        return true;
      }
      const uint32_t entry = m_list->entry[i];
      visit.keyBlock = entry & kKeyBlockMask;
      visit.bits = entry & kPartialEntry ? m_list->partialBits + m_list->partialOffset[i] : nullptr;
      if (visit.keyBlock < m_usable) return true;
    }
    return false;
  }

 private:
  const BlockList* m_list;
  int64_t m_usable;
  int64_t m_next = 0;
  int64_t m_end = 0;
};

// The skip rule of one (b, h, query block): its threshold and, for MassBound, the reference LSE of its rows.
// A kernel asks with the maximum over rows of (block max - reference of the row), the reference being the
// running maximum, the running LSE or lseRef.
class SkipTest {
 public:
  SkipTest(const AttentionArgs& args, const Geometry& geometry, int64_t b, int64_t h, int64_t g) {
    const int64_t head = b * geometry.heads + h;
    if (!args.skip || args.skip->kind == SkipRule::Kind::None) return;
    const SkipRule& rule = *args.skip;
    m_kind = rule.kind;
    m_mustKeep = rule.mustKeep;
    if (m_kind != SkipRule::Kind::MassBound) {
      m_threshold = rule.lnLambdaPerHead ? rule.lnLambdaPerHead[head] : rule.lnLambda;
    } else {
      // A block of kBlock keys has at most kBlock * exp(block max) of mass.
      m_threshold = float(std::log(double(rule.epsilon) / double(geometry.kBlocks * geometry.kBlock)));
      m_lseRef = rule.lseRef + head * geometry.queries + g * geometry.qBlock;
    }
  }

  [[nodiscard]] bool active() const { return m_kind != SkipRule::Kind::None; }
  [[nodiscard]] bool comparesRunningLse() const { return m_kind == SkipRule::Kind::RunningMass; }
  [[nodiscard]] const float* lseRef() const { return m_lseRef; }  // null unless MassBound
  [[nodiscard]] bool skips(float excess, int64_t keyBlock, bool first) const {
    return active() && !first && excess < m_threshold && !(m_mustKeep && m_mustKeep[keyBlock]);
  }

 private:
  SkipRule::Kind m_kind = SkipRule::Kind::None;
  float m_threshold = 0;
  const float* m_lseRef = nullptr;
  const uint8_t* m_mustKeep = nullptr;
};

// Where the statistics of one (b, h, query block) go; every pointer may be null.
struct StatsRow {
  StatsRow(const AttentionArgs& args, const Geometry& geometry, int64_t b, int64_t h, int64_t g) {
    if (!args.stats) return;
    const int64_t head = b * geometry.heads + h;
    const int64_t words = ceilDiv(geometry.kBlocks, 32);
    if (args.stats->keptBits) keptBits = args.stats->keptBits + (head * geometry.qBlocks + g) * words;
    if (args.stats->gap) gap = args.stats->gap + (head * geometry.qBlocks + g) * geometry.kBlocks;
    if (args.stats->rowLogMass) {
      rowLogMass = args.stats->rowLogMass + head * geometry.kBlocks * geometry.queries + g * geometry.qBlock;
    }
  }

  // Everything as if no block were visited.
  void clear(const Geometry& geometry, int64_t rows) const {
    if (keptBits) std::fill_n(keptBits, ceilDiv(geometry.kBlocks, 32), 0u);
    if (gap) std::fill_n(gap, geometry.kBlocks, NAN);
    if (rowLogMass) {
      for (int64_t t = 0; t < geometry.kBlocks; ++t)
        std::fill_n(rowLogMass + t * geometry.queries, rows, kNotVisited);
    }
  }

  uint32_t* keptBits = nullptr;
  float* gap = nullptr;
  int16_t* rowLogMass = nullptr;  // of key block 0; the next key block is `queries` further on
};

// What one query block adds to the counters of its head.
struct BlockCounts {
  int64_t visited = 0;
  int64_t skipped = 0;
  int64_t partial = 0;
  int64_t emptyRows = 0;
};

// counts: [B, H, query blocks]; counters: [B, H, 4] as in StatsOut.
inline void sumCounts(std::span<const BlockCounts> counts, const Geometry& geometry, int64_t* counters) {
  std::fill_n(counters, geometry.batches * geometry.heads * 4, int64_t(0));
  for (size_t i = 0; i < counts.size(); ++i) {
    int64_t* head = counters + int64_t(i) / geometry.qBlocks * 4;
    head[0] += counts[i].visited;
    head[1] += counts[i].skipped;
    head[2] += counts[i].partial;
    head[3] += counts[i].emptyRows;
  }
}

}  // namespace ditscope::kernels
