// SPDX-License-Identifier: Apache-2.0
// The definition of the operation, in double precision and in the plainest loops: what all kernels are
// measured against.
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/attention.h"
#include "kernels/block_walk.h"
#include "kernels/half_types.h"
#include "kernels/log_mass.h"

namespace ditscope::kernels {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double element(const Tensor4& tensor, int64_t b, int64_t h, int64_t n, int64_t d) {
  return loadElement(tensor.data, tensor.dtype,
                     b * tensor.stride[0] + h * tensor.stride[1] + n * tensor.stride[2] + d);
}

// Online softmax of one query row.
struct RowState {
  double max = -kInfinity;  // running maximum of the scaled scores, NaN scores left out
  double sum = 0;           // sum of exp(score - max)
  std::vector<double> output;
};

class ReferenceBlock {
 public:
  ReferenceBlock(const AttentionArgs& args, const Geometry& geometry, int64_t b, int64_t h, int64_t g)
      : m_args(args),
        m_geometry(geometry),
        m_b(b),
        m_h(h),
        m_row0(g * geometry.qBlock),
        m_rows(size_t(geometry.queryBlockRows(g))),
        m_stats(args, geometry, b, h, g),
        m_skip(args, geometry, b, h, g) {
    for (RowState& row : m_rows) row.output.assign(size_t(geometry.dim), 0.0);
    m_scores.resize(m_rows.size() * size_t(geometry.kBlock));
    m_blockMax.resize(m_rows.size());
  }

  void run(BlockWalk walk) {
    m_stats.clear(m_geometry, int64_t(m_rows.size()));
    BlockVisit visit;
    while (walk.next(visit)) {
      computeScores(visit);
      const bool first = m_counts.visited++ == 0;
      m_counts.partial += visit.bits != nullptr;
      const float gap = first ? float(kInfinity) : excessOver([this](size_t r) { return m_rows[r].max; });
      if (m_stats.gap) m_stats.gap[visit.keyBlock] = gap;
      if (m_skip.skips(excessFor(gap), visit.keyBlock, first)) {
        ++m_counts.skipped;
        continue;
      }
      if (m_stats.keptBits) m_stats.keptBits[visit.keyBlock / 32] |= 1u << (visit.keyBlock % 32);
      accumulate(visit);
    }
    finish();
  }

  [[nodiscard]] const BlockCounts& counts() const { return m_counts; }

 private:
  void computeScores(const BlockVisit& visit) {
    const int64_t keys = m_geometry.blockKeys(visit.keyBlock);
    for (size_t r = 0; r < m_rows.size(); ++r) {
      double* scores = &m_scores[r * size_t(m_geometry.kBlock)];
      m_blockMax[r] = -kInfinity;
      for (int64_t j = 0; j < keys; ++j) {
        const int64_t bit = int64_t(r) * m_geometry.kBlock + j;
        const bool attended = !visit.bits || (visit.bits[bit / 64] >> (bit % 64) & 1);
        scores[j] =
            attended ? score(m_row0 + int64_t(r), visit.keyBlock * m_geometry.kBlock + j) : -kInfinity;
        if (scores[j] > m_blockMax[r]) m_blockMax[r] = scores[j];
      }
    }
  }

  double score(int64_t query, int64_t key) const {
    double dot = 0;
    for (int64_t d = 0; d < m_geometry.dim; ++d)
      dot += element(m_args.q, m_b, m_h, query, d) * element(m_args.k, m_b, m_geometry.kvHead(m_h), key, d);
    return dot * double(m_geometry.scale);
  }

  // What the skip rule decides on.
  float excessFor(float gap) const {
    if (const float* lseRef = m_skip.lseRef())
      return excessOver([lseRef](size_t r) { return double(lseRef[r]); });
    if (m_skip.comparesRunningLse())
      return excessOver([this](size_t r) { return m_rows[r].max + std::log(m_rows[r].sum); });
    return gap;
  }

  // max over rows of (block max - reference of the row); rows without a comparable value are left out.
  template <class Reference>
  float excessOver(Reference reference) const {
    double excess = -kInfinity;
    for (size_t r = 0; r < m_rows.size(); ++r) {
      const double difference = m_blockMax[r] - reference(r);
      if (difference > excess) excess = difference;
    }
    return float(excess);
  }

  void accumulate(const BlockVisit& visit) {
    const int64_t keys = m_geometry.blockKeys(visit.keyBlock);
    for (size_t r = 0; r < m_rows.size(); ++r) {
      RowState& row = m_rows[r];
      const double* scores = &m_scores[r * size_t(m_geometry.kBlock)];
      const double newMax = std::max(row.max, m_blockMax[r]);
      const double rescale = newMax == -kInfinity ? 1.0 : std::exp(row.max - newMax);
      for (double& value : row.output) value *= rescale;
      double blockSum = 0;
      for (int64_t j = 0; j < keys; ++j) {
        if (scores[j] == -kInfinity) continue;
        const double weight = std::exp(scores[j] - (newMax == -kInfinity ? 0.0 : newMax));
        blockSum += weight;
        for (int64_t d = 0; d < m_geometry.dim; ++d)
          row.output[size_t(d)] += weight * element(m_args.v, m_b, m_geometry.kvHead(m_h),
                                                    visit.keyBlock * m_geometry.kBlock + j, d);
      }
      row.sum = row.sum * rescale + blockSum;
      row.max = newMax;
      if (m_stats.rowLogMass) {
        const double log2Mass = blockSum == 0 ? -kInfinity : (newMax + std::log(blockSum)) / std::log(2.0);
        m_stats.rowLogMass[visit.keyBlock * m_geometry.queries + int64_t(r)] = encodeLogMass(float(log2Mass));
      }
    }
  }

  void finish() {
    const Tensor4& o = m_args.o;
    for (size_t r = 0; r < m_rows.size(); ++r) {
      const RowState& row = m_rows[r];
      const bool empty = row.sum == 0;
      m_counts.emptyRows += empty;
      const int64_t query = m_row0 + int64_t(r);
      const int64_t start = m_b * o.stride[0] + m_h * o.stride[1] + query * o.stride[2];
      for (int64_t d = 0; d < m_geometry.dim; ++d)
        storeElement(o.data, o.dtype, start + d, empty ? 0.0f : float(row.output[size_t(d)] / row.sum));
      if (m_args.lse) {
        const double lse = empty ? -kInfinity : row.max == -kInfinity ? row.sum : row.max + std::log(row.sum);
        m_args.lse[(m_b * m_geometry.heads + m_h) * m_geometry.queries + query] = float(lse);
      }
    }
  }

  const AttentionArgs& m_args;
  const Geometry& m_geometry;
  int64_t m_b, m_h, m_row0;
  std::vector<RowState> m_rows;
  StatsRow m_stats;
  SkipTest m_skip;
  BlockCounts m_counts;
  std::vector<double> m_scores;  // [rows][kBlock], -inf for a key that is not attended
  std::vector<double> m_blockMax;
};

}  // namespace

void attentionReference(const AttentionArgs& args) {
  validate(args);
  const Geometry geometry(args);
  std::vector<BlockCounts> counts;
  for (int64_t b = 0; b < geometry.batches; ++b) {
    for (int64_t h = 0; h < geometry.heads; ++h) {
      for (int64_t g = 0; g < geometry.qBlocks; ++g) {
        ReferenceBlock block(args, geometry, b, h, g);
        block.run(BlockWalk(args, geometry, b, h, g));
        counts.push_back(block.counts());
      }
    }
  }
  if (args.stats && args.stats->counters) sumCounts(counts, geometry, args.stats->counters);
}

}  // namespace ditscope::kernels
