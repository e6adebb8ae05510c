// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/attention.h"
#include "kernels/block_walk.h"
#include "kernels/half_types.h"
#include "kernels/log_mass.h"
#include "kernels/parallel.h"

namespace ditscope::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// What a thread needs for one query block; rows of keys are as wide as the key block.
struct Scratch {
  explicit Scratch(const Geometry& geometry)
      : q(size_t(geometry.qBlock * geometry.dim)),
        kTransposed(size_t(geometry.dim * geometry.kBlock)),
        v(size_t(geometry.kBlock * geometry.dim)),
        scores(size_t(geometry.qBlock * geometry.kBlock)),
        output(size_t(geometry.qBlock * geometry.dim)),
        max(size_t(geometry.qBlock)),
        sum(size_t(geometry.qBlock)),
        blockMax(size_t(geometry.qBlock)) {}

  std::vector<float> q, kTransposed, v, scores, output, max, sum, blockMax;
};

class CpuBlock {
 public:
  CpuBlock(const AttentionArgs& args, const Geometry& geometry, Scratch& scratch, int64_t b, int64_t h,
           int64_t g)
      : m_args(args),
        m_geometry(geometry),
        m_scratch(scratch),
        m_b(b),
        m_h(h),
        m_row0(g * geometry.qBlock),
        m_rows(geometry.queryBlockRows(g)),
        m_stats(args, geometry, b, h, g),
        m_skip(args, geometry, b, h, g) {}

  void run(BlockWalk walk) {
    m_stats.clear(m_geometry, m_rows);
    start();
    BlockVisit visit;
    while (walk.next(visit)) {
      computeScores(visit);
      const bool first = m_counts.visited++ == 0;
      m_counts.partial += visit.bits != nullptr;
      const float gap = first ? kInfinity : excessOver(m_scratch.max.data());
      if (m_stats.gap) m_stats.gap[visit.keyBlock] = gap;
      const float excess = m_skip.lseRef() ? excessOver(m_skip.lseRef()) : gap;
      if (m_skip.skips(excess, visit.keyBlock, first)) {
        ++m_counts.skipped;
        continue;
      }
      if (m_stats.keptBits) m_stats.keptBits[visit.keyBlock / 32] |= 1u << (visit.keyBlock % 32);
      accumulate(visit.keyBlock);
    }
    finish();
  }

  [[nodiscard]] const BlockCounts& counts() const { return m_counts; }

 private:
  [[nodiscard]] int64_t offset(const Tensor4& tensor, int64_t head, int64_t row) const {
    return m_b * tensor.stride[0] + head * tensor.stride[1] + row * tensor.stride[2];
  }

  void start() {
    const int64_t dim = m_geometry.dim;
    for (int64_t r = 0; r < m_rows; ++r)
      for (int64_t d = 0; d < dim; ++d)
        m_scratch.q[size_t(r * dim + d)] =
            m_geometry.scale *
            loadElement(m_args.q.data, m_args.q.dtype, offset(m_args.q, m_h, m_row0 + r) + d);
    std::fill(m_scratch.output.begin(), m_scratch.output.end(), 0.0f);
    std::fill(m_scratch.max.begin(), m_scratch.max.end(), -kInfinity);
    std::fill(m_scratch.sum.begin(), m_scratch.sum.end(), 0.0f);
  }

  void loadKeyBlock(int64_t keyBlock, int64_t keys) {
    const int64_t dim = m_geometry.dim;
    const int64_t head = m_geometry.kvHead(m_h);
    for (int64_t j = 0; j < keys; ++j) {
      const int64_t key = keyBlock * m_geometry.kBlock + j;
      const int64_t kStart = offset(m_args.k, head, key);
      const int64_t vStart = offset(m_args.v, head, key);
      for (int64_t d = 0; d < dim; ++d) {
        m_scratch.kTransposed[size_t(d * m_geometry.kBlock + j)] =
            loadElement(m_args.k.data, m_args.k.dtype, kStart + d);
        m_scratch.v[size_t(j * dim + d)] = loadElement(m_args.v.data, m_args.v.dtype, vStart + d);
      }
    }
  }

  void computeScores(const BlockVisit& visit) {
    const int64_t width = m_geometry.kBlock;
    const int64_t keys = m_geometry.blockKeys(visit.keyBlock);
    loadKeyBlock(visit.keyBlock, keys);
    for (int64_t r = 0; r < m_rows; ++r) {
      float* scores = &m_scratch.scores[size_t(r * width)];
      std::fill_n(scores, width, 0.0f);
      for (int64_t d = 0; d < m_geometry.dim; ++d) {
        const float q = m_scratch.q[size_t(r * m_geometry.dim + d)];
        const float* k = &m_scratch.kTransposed[size_t(d * width)];
        for (int64_t j = 0; j < keys; ++j) scores[j] += q * k[j];
      }
      for (int64_t j = 0; j < width; ++j) {
        const int64_t bit = r * width + j;
        if (j >= keys || (visit.bits && !(visit.bits[bit / 64] >> (bit % 64) & 1))) scores[j] = -kInfinity;
      }
      float blockMax = -kInfinity;
      for (int64_t j = 0; j < width; ++j) blockMax = scores[j] > blockMax ? scores[j] : blockMax;
      m_scratch.blockMax[size_t(r)] = blockMax;
    }
  }

  // max over rows of (block max - reference of the row); rows without a comparable value are left out.
  [[nodiscard]] float excessOver(const float* reference) const {
    float excess = -kInfinity;
    for (int64_t r = 0; r < m_rows; ++r) {
      const float difference = m_scratch.blockMax[size_t(r)] - reference[r];
      if (difference > excess) excess = difference;
    }
    return excess;
  }

  void accumulate(int64_t keyBlock) {
    const int64_t dim = m_geometry.dim;
    const int64_t keys = m_geometry.blockKeys(keyBlock);
    for (int64_t r = 0; r < m_rows; ++r) {
      float* scores = &m_scratch.scores[size_t(r * m_geometry.kBlock)];
      float* output = &m_scratch.output[size_t(r * dim)];
      const float oldMax = m_scratch.max[size_t(r)];
      const float newMax = std::max(oldMax, m_scratch.blockMax[size_t(r)]);
      const float shift = newMax == -kInfinity ? 0.0f : newMax;
      const float rescale = newMax == -kInfinity ? 1.0f : std::exp(oldMax - newMax);
      float blockSum = 0;
      for (int64_t j = 0; j < keys; ++j) {
        scores[j] = std::exp(scores[j] - shift);
        blockSum += scores[j];
      }
      for (int64_t d = 0; d < dim; ++d) output[d] *= rescale;
      for (int64_t j = 0; j < keys; ++j) {
        const float* v = &m_scratch.v[size_t(j * dim)];
        for (int64_t d = 0; d < dim; ++d) output[d] += scores[j] * v[d];
      }
      m_scratch.sum[size_t(r)] = m_scratch.sum[size_t(r)] * rescale + blockSum;
      m_scratch.max[size_t(r)] = newMax;
      if (m_stats.rowLogMass) {
        const float log2Mass = blockSum == 0 ? -kInfinity : (shift + std::log(blockSum)) * 1.44269504f;
        m_stats.rowLogMass[keyBlock * m_geometry.queries + r] = encodeLogMass(log2Mass);
      }
    }
  }

  void finish() {
    const int64_t dim = m_geometry.dim;
    for (int64_t r = 0; r < m_rows; ++r) {
      const float sum = m_scratch.sum[size_t(r)];
      const float max = m_scratch.max[size_t(r)];
      const bool empty = sum == 0;
      m_counts.emptyRows += empty;
      const float inverse = empty ? 0.0f : 1.0f / sum;
      for (int64_t d = 0; d < dim; ++d)
        storeElement(m_args.o.data, m_args.o.dtype, offset(m_args.o, m_h, m_row0 + r) + d,
                     m_scratch.output[size_t(r * dim + d)] * inverse);
      if (m_args.lse)
        m_args.lse[(m_b * m_geometry.heads + m_h) * m_geometry.queries + m_row0 + r] =
            empty               ? -kInfinity
            : max == -kInfinity ? sum
                                : max + std::log(sum);
    }
  }

  const AttentionArgs& m_args;
  const Geometry& m_geometry;
  Scratch& m_scratch;
  int64_t m_b, m_h, m_row0, m_rows;
  StatsRow m_stats;
  SkipTest m_skip;
  BlockCounts m_counts;
};

}  // namespace

void attentionCpu(const AttentionArgs& args, int threads) {
  validate(args);
  const Geometry geometry(args);
  threads = resolveThreads(threads);
  std::vector<Scratch> scratch(static_cast<size_t>(threads), Scratch(geometry));
  std::vector<BlockCounts> counts(size_t(geometry.batches * geometry.heads * geometry.qBlocks));
  parallelFor(int64_t(counts.size()), threads, [&](int64_t task, int thread) {
    const int64_t head = task / geometry.qBlocks;
    const int64_t g = task % geometry.qBlocks;
    CpuBlock block(args, geometry, scratch[size_t(thread)], head / geometry.heads, head % geometry.heads, g);
    block.run(BlockWalk(args, geometry, head / geometry.heads, head % geometry.heads, g));
    counts[size_t(task)] = block.counts();
  });
  if (args.stats && args.stats->counters) sumCounts(counts, geometry, args.stats->counters);
}

}  // namespace ditscope::kernels
