// SPDX-License-Identifier: Apache-2.0
// The walk of one query block through its key blocks: scores, statistics and skips, softmax, values.
// Included once per SIMD target. Scores and running maxima are in units of log2, statistics in natural
// logits.
#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

#include "kernels/cpu_block.h"
#include "kernels/half_types.h"

#if defined(DITSCOPE_KERNELS_SIMD_QUERY_BLOCK_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DITSCOPE_KERNELS_SIMD_QUERY_BLOCK_H_
#undef DITSCOPE_KERNELS_SIMD_QUERY_BLOCK_H_
#else
#define DITSCOPE_KERNELS_SIMD_QUERY_BLOCK_H_
#endif

#include "kernels/simd_rows.h"
#include "kernels/simd_softmax.h"
#include "kernels/simd_tile.h"

HWY_BEFORE_NAMESPACE();
namespace ditscope::kernels::HWY_NAMESPACE {

// One query block on its way through its key blocks. Columns of the score tile are queries; those beyond the
// tensor belong to zero queries and are never written out.
class QueryBlock {
 public:
  QueryBlock(const CpuTask& task, const CpuTask* next, CpuScratch& scratch)
      : m_task(task),
        m_next(next),
        m_geometry(task.geometry),
        m_scratch(scratch),
        m_row0(task.g * task.geometry.qBlock),
        m_rows(task.geometry.queryBlockRows(task.g)),
        m_columns(ceilDiv(m_rows, columnStep()) * columnStep()),
        m_dimPadded(ceilDiv(task.geometry.dim, 16) * 16),
        m_softmax(scratch, m_columns),
        m_stats(task.args, task.geometry, task.b, task.h, task.g),
        m_skip(task.args, task.geometry, task.b, task.h, task.g) {}

  BlockCounts run() {
    m_stats.clear(m_geometry, m_rows);
    start();
    BlockWalk walk(m_task.args, m_geometry, m_task.b, m_task.h, m_task.g);
    BlockVisit visit, following;
    bool more = walk.next(following);
    while (more) {
      visit = following;
      more = walk.next(following);
      computeScores(visit);
      const bool first = m_counts.visited++ == 0;
      m_counts.partial += visit.bits != nullptr;
      if (m_skip.active() || m_stats.gap) {
        const float gap = first ? kInfinity : m_softmax.excessOver(m_scratch.max, m_rows);
        if (m_stats.gap) m_stats.gap[visit.keyBlock] = gap;
        const float excess = m_skip.lseRef()               ? m_softmax.excessOver(m_scratch.lseRef, m_rows)
                             : m_skip.comparesRunningLse() ? m_softmax.excessOverRunningLse(m_rows)
                                                           : gap;
        if (m_skip.skips(excess, visit.keyBlock, first)) {
          ++m_counts.skipped;
          continue;
        }
      }
      if (m_stats.keptBits) m_stats.keptBits[visit.keyBlock / 32] |= 1u << (visit.keyBlock % 32);
      accumulate(visit.keyBlock, more ? &following : nullptr);
    }
    finish();
    return m_counts;
  }

 private:
  static int64_t columnStep() { return std::max<int64_t>(panelWidth(), 4); }

  void start() {
    const int64_t panel = panelWidth();
    const float scale = m_geometry.scale * kLog2E;
    for (int64_t column = 0; column < m_columns; column += 4) {
      const int64_t rows = std::clamp<int64_t>(m_rows - column, 0, 4);
      HWY_NAMESPACE::convertRows(m_task.args.q, m_task.b, m_task.h, m_row0 + column, rows, m_scratch.qRows,
                                 m_dimPadded);
      std::fill(m_scratch.qRows + rows * m_dimPadded, m_scratch.qRows + 4 * m_dimPadded, 0.0f);
      float* out = m_scratch.qPanels + column / panel * panel * m_dimPadded + column % panel;
      transposeFourRows(m_scratch.qRows, m_dimPadded, ceilDiv(m_geometry.dim, 4) * 4, scale, out, panel);
    }
    std::fill_n(m_scratch.output, m_columns * m_dimPadded, 0.0f);
    std::fill_n(m_scratch.rest, m_columns * (m_geometry.dim % int64_t(hn::Lanes(FloatTag()))), 0.0f);
    m_softmax.start();
    if (!m_skip.lseRef()) return;
    for (int64_t r = 0; r < m_rows; ++r) m_scratch.lseRef[r] = kLog2E * m_skip.lseRef()[r];
  }

  void computeScores(const BlockVisit& visit) {
    std::fill_n(m_scratch.blockMax, m_columns, -kInfinity);
    const KeyValueRows& rows = m_task.rows;
    const int64_t key0 = visit.keyBlock * m_geometry.kBlock;
    const int64_t keys = m_geometry.blockKeys(visit.keyBlock);
    FetchAhead ahead(rows.v + key0 * m_geometry.dim, keys * m_geometry.dim);
    scoreTile(rows.k + key0 * m_geometry.dim, m_geometry.dim, keys, m_scratch.qPanels, m_geometry.dim,
              m_dimPadded, m_columns, m_scratch.scores, m_columns, m_scratch.blockMax, ahead);
    if (visit.bits) maskScores(visit);
  }

  // Scores of masked pairs become -inf and the block maxima are taken anew.
  void maskScores(const BlockVisit& visit) {
    const FloatTag f;
    const int64_t lanes = int64_t(hn::Lanes(f));
    const int64_t bytes = m_geometry.qBlock / 8;
    uint8_t* attended = m_scratch.attended.data();
    const uint8_t* bits = reinterpret_cast<const uint8_t*>(visit.bits);
    for (int64_t q = 0; q < m_columns; q += 8) {
      for (int64_t j = 0; j < m_geometry.kBlock; j += 8) {
        uint64_t square = 0;
        for (int64_t r = 0; r < 8; ++r)
          square |= uint64_t(bits[((q + r) * m_geometry.kBlock + j) / 8]) << (8 * r);
        square = transposeBits(square);
        for (int64_t r = 0; r < 8; ++r) attended[(j + r) * bytes + q / 8] = uint8_t(square >> (8 * r));
      }
    }
    const int64_t keys = m_geometry.blockKeys(visit.keyBlock);
    for (int64_t q = 0; q < m_columns; q += lanes) {
      Float max = hn::Set(f, -kInfinity);
      for (int64_t j = 0; j < keys; ++j) {
        float* scores = m_scratch.scores + j * m_columns + q;
        const Float masked = hn::IfThenElse(lanesFromBits(attended + j * bytes, q), hn::Load(f, scores),
                                            hn::Set(f, -kInfinity));
        hn::Store(masked, f, scores);
        max = raiseMax(max, masked);
      }
      hn::Store(max, f, m_scratch.blockMax + q);
    }
  }

  void accumulate(int64_t keyBlock, const BlockVisit* following) {
    const int64_t keys = m_geometry.blockKeys(keyBlock);
    m_softmax.weigh(keys, m_stats.rowLogMass ? m_stats.rowLogMass + keyBlock * m_geometry.queries : nullptr,
                    m_rows);
    FetchAhead ahead = following ? keysAhead(m_task, *following) : fetchForTheEnd();
    valueTile({.weights = m_scratch.scores,
               .weightStride = m_columns,
               .v = m_task.rows.v + keyBlock * m_geometry.kBlock * m_geometry.dim,
               .vStride = m_geometry.dim,
               .keys = keys,
               .queries = ceilDiv(m_rows, 4) * 4,
               .dim = m_geometry.dim,
               .rescale = m_scratch.rescale,
               .output = m_scratch.output,
               .outputStride = m_dimPadded,
               .rest = m_scratch.rest},
              ahead);
  }

  static FetchAhead keysAhead(const CpuTask& task, const BlockVisit& visit) {
    const int64_t dim = task.geometry.dim;
    return {task.rows.k + visit.keyBlock * task.geometry.kBlock * dim,
            task.geometry.blockKeys(visit.keyBlock) * dim};
  }

  // After the last key block the output is written and the next task begins.
  FetchAhead fetchForTheEnd() const {
    fetchQueryRows(m_task, m_task.args.o);
    if (m_next) {
      fetchQueryRows(*m_next, m_next->args.q);
      BlockWalk walk(m_next->args, m_geometry, m_next->b, m_next->h, m_next->g);
      BlockVisit first;
      if (walk.next(first)) return keysAhead(*m_next, first);
    }
    return {m_scratch.scores, 0};
  }

  // The rows of a query block in q or o.
  static void fetchQueryRows(const CpuTask& task, const Tensor4& tensor) {
    const int64_t bytes = int64_t(elementBytes(tensor.dtype));
    const int64_t rows = task.geometry.queryBlockRows(task.g);
    const char* row =
        static_cast<const char*>(tensor.data) + (task.b * tensor.stride[0] + task.h * tensor.stride[1] +
                                                 task.g * task.geometry.qBlock * tensor.stride[2]) *
                                                    bytes;
    for (int64_t r = 0; r < rows; ++r, row += tensor.stride[2] * bytes) {
      for (int64_t byte = 0; byte < task.geometry.dim * bytes; byte += 64) {
        __builtin_prefetch(row + byte, 0, 2);
        __asm__ volatile("");  // GCC removes loops that do nothing but prefetch
      }
    }
  }

  void finish() {
    m_softmax.finish();
    const Tensor4& o = m_task.args.o;
    const int64_t head = m_task.b * m_geometry.heads + m_task.h;
    for (int64_t r = 0; r < m_rows; ++r) {
      m_counts.emptyRows += m_scratch.sum[r] == 0;
      storeRow(r, m_scratch.rescale[r],
               m_task.b * o.stride[0] + m_task.h * o.stride[1] + (m_row0 + r) * o.stride[2]);
    }
    if (m_task.args.lse)
      std::copy_n(m_scratch.max, m_rows, m_task.args.lse + head * m_geometry.queries + m_row0);
  }

  void storeRow(int64_t r, float factor, int64_t start) {
    const Tensor4& o = m_task.args.o;
    float* row = m_scratch.output + r * m_dimPadded;
    const int64_t whole = m_geometry.dim - m_geometry.dim % int64_t(hn::Lanes(FloatTag()));
    for (int64_t d = whole; d < m_geometry.dim; ++d) row[d] = m_scratch.rest[(d - whole) * m_columns + r];
    if (o.dtype == DType::F32) {
      float* out = static_cast<float*>(o.data) + start;
      for (int64_t d = 0; d < m_geometry.dim; ++d) out[d] = factor * row[d];
      return;
    }
    uint16_t* out = static_cast<uint16_t*>(o.data) + start;
    if (o.dtype == DType::BF16) {
      for (int64_t d = 0; d < m_geometry.dim; ++d) out[d] = bf16FromFloat(factor * row[d]);
    } else {
      for (int64_t d = 0; d < m_geometry.dim; ++d) out[d] = f16FromFloat(factor * row[d]);
    }
  }

  const CpuTask& m_task;
  const CpuTask* m_next;
  const Geometry& m_geometry;
  CpuScratch& m_scratch;
  int64_t m_row0, m_rows;
  int64_t m_columns;  // rows rounded up to whole panels and fours
  int64_t m_dimPadded;
  RunningSoftmax m_softmax;
  StatsRow m_stats;
  SkipTest m_skip;
  BlockCounts m_counts;
};

}  // namespace ditscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
