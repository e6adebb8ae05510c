// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/minference_patterns.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "collector/methods/video_tokens.h"
#include "kernels/mask_search.h"

namespace ditscope::collector {
namespace {

constexpr int64_t kFirstColumns = 30;  // always kept
constexpr int64_t kOwnBlock = 64;      // of MInference's block-sparse pattern

int64_t blocksOf(int64_t tokens, int64_t block) {
  return (tokens + block - 1) / block;
}

// Indices by weight, the heaviest first, but before all others those that the original forces. What is not
// asked for is never sorted.
class HeaviestFirst {
 public:
  HeaviestFirst(std::span<const double> weights, int64_t forcedBegin, int64_t forcedEnd)
      : m_lighter{weights, forcedBegin, forcedEnd}, m_heap(weights.size()) {
    std::iota(m_heap.begin(), m_heap.end(), int64_t{0});
    std::make_heap(m_heap.begin(), m_heap.end(), m_lighter);
  }

  [[nodiscard]] bool any() const { return !m_heap.empty(); }
  int64_t next() {
    std::pop_heap(m_heap.begin(), m_heap.end(), m_lighter);
    const int64_t index = m_heap.back();
    m_heap.pop_back();
    return index;
  }

 private:
  struct Lighter {
    std::span<const double> weights;
    int64_t forcedBegin, forcedEnd;

    bool operator()(int64_t a, int64_t b) const {
      const bool forcedA = a >= forcedBegin && a < forcedEnd, forcedB = b >= forcedBegin && b < forcedEnd;
      if (forcedA != forcedB) return forcedB;
      const double weightA = weights[size_t(a)], weightB = weights[size_t(b)];
      return weightA < weightB || (weightA == weightB && a > b);
    }
  };

  Lighter m_lighter;
  std::vector<int64_t> m_heap;
};

// Fills the diagonals of a mask, block by block, and knows what that costs.
class Diagonals {
 public:
  // `taken`: blocks that each row computes already, of all key blocks.
  Diagonals(const VideoBlocks& video, HeadMask& mask, const std::vector<uint8_t>& taken)
      : m_video(video), m_mask(mask), m_taken(taken), m_done(size_t(2 * video.count() + 1)) {
    m_cost = video.count() * std::count(taken.begin(), taken.end(), uint8_t{1});
  }

  // Blocks (g, t) with g - t = delta. False when it would lead away from `target` blocks; -1 = no target.
  bool add(int64_t delta, int64_t target) {
    const int64_t n = m_video.count();
    if (std::abs(delta) >= n || m_done[size_t(delta + n)] != 0) return true;
    int64_t more = 0;
    forEach(delta, [&](uint8_t&, int64_t t) { more += m_taken[size_t(t)] == 0; });
    if (target >= 0 && std::abs(m_cost + more - target) > std::abs(m_cost - target)) return false;
    forEach(delta, [](uint8_t& kept, int64_t) { kept = 1; });
    m_cost += more;
    m_done[size_t(delta + n)] = 1;
    return true;
  }

 private:
  template <class Visit>
  void forEach(int64_t delta, const Visit& visit) {
    const int64_t end = std::min(m_video.last, m_video.last + delta);
    for (int64_t g = std::max(m_video.first, m_video.first + delta); g < end; ++g)
      visit(m_mask.blocks[size_t(g * m_video.kBlocks + g - delta)], g - delta);
  }

  const VideoBlocks& m_video;
  HeadMask& m_mask;
  const std::vector<uint8_t>& m_taken;
  std::vector<uint8_t> m_done;
  int64_t m_cost = 0;
};

HeadMask emptyMask(const VideoBlocks& video) {
  HeadMask mask;
  mask.blocks.resize(size_t(video.qBlocks * video.kBlocks));
  return mask;
}

// The key blocks with the heaviest columns, the first among them, as one byte a block.
std::vector<uint8_t> heaviestBlocks(const VideoBlocks& video, const RowSums& sums, int64_t count) {
  std::vector<double> weights(size_t(video.kBlocks), -1.0);
  for (int64_t t = video.first; t < video.last; ++t) {
    const auto begin = sums.columns.begin() + t * video.block;
    weights[size_t(t)] =
        std::accumulate(begin, begin + std::min(video.block, video.keys - t * video.block), 0.0);
  }
  HeaviestFirst order(weights, video.first, video.first + 1);
  std::vector<uint8_t> taken(weights.size());
  for (int64_t i = 0; i < std::min(count, video.count()); ++i) taken[size_t(order.next())] = 1;
  return taken;
}

// Single columns: `tokens` of them, or as many as lie in `blocks` blocks. Returns these blocks.
std::vector<uint8_t> chooseColumns(const VideoBlocks& video, const RowSums& sums, int64_t tokens,
                                   int64_t blocks, std::vector<uint8_t>& columns) {
  columns.assign(size_t(video.keys), 0);
  std::vector<uint8_t> taken(size_t(video.kBlocks));
  int64_t touched = 0, chosen = 0;
  const int64_t begin = video.first * video.block;
  HeaviestFirst order(sums.columns, begin, begin + kFirstColumns);
  while (order.any()) {
    const int64_t j = order.next(), t = j / video.block;
    if (t < video.first || t >= video.last) continue;
    if (blocks > 0 ? taken[size_t(t)] == 0 && touched == blocks : chosen == tokens) break;
    touched += taken[size_t(t)] == 0;
    ++chosen;
    taken[size_t(t)] = columns[size_t(j)] = 1;
  }
  return taken;
}

}  // namespace

const char* patternName(PatternType type) {
  switch (type) {
    case PatternType::Dense:
      return "dense";
    case PatternType::AShape:
      return "a_shape";
    case PatternType::VerticalSlash:
      return "vertical_slash";
    case PatternType::BlockSparse:
      return "block_sparse";
  }
  return "";
}

VideoBlocks::VideoBlocks(const MethodCall& call)
    : block(call.block),
      keys(call.keys()),
      qBlocks(blocksOf(call.queries(), block)),
      kBlocks(blocksOf(keys, block)) {
  const VideoTokens video(call);
  first = blocksOf(video.begin(), block);
  last = std::max(first, video.end() == keys ? kBlocks : video.end() / block);
}

HeadMask aShapeMask(const VideoBlocks& video, const HeadPattern& pattern) {
  HeadMask mask = emptyMask(video);
  const int64_t sinkEnd = video.first + std::min(blocksOf(pattern.v, video.block), video.count());
  const int64_t band = std::min(blocksOf(pattern.s, video.block), video.last - sinkEnd);
  for (int64_t g = video.first; g < video.last; ++g) {
    uint8_t* row = &mask.blocks[size_t(g * video.kBlocks)];
    std::fill(row + video.first, row + sinkEnd, uint8_t{1});
    const int64_t start = std::clamp(g - band / 2, sinkEnd, video.last - band);
    std::fill(row + start, row + start + band, uint8_t{1});
  }
  return mask;
}

HeadMask verticalSlashMask(const VideoBlocks& video, const HeadPattern& pattern, const RowSums& sums,
                           ColumnsAs columns) {
  HeadMask mask = emptyMask(video);
  const bool byCost = pattern.blocks > 0;
  const int64_t vertical = blocksOf(pattern.v, video.block);
  std::vector<uint8_t> taken(size_t(video.kBlocks));
  if (vertical > 0 && columns == ColumnsAs::Token) {
    taken = chooseColumns(video, sums, pattern.v, byCost ? vertical : 0, mask.columns);
  } else if (vertical > 0) {
    taken = heaviestBlocks(video, sums, vertical);
    for (int64_t g = video.first; g < video.last; ++g)
      std::copy(taken.begin(), taken.end(), mask.blocks.begin() + g * video.kBlocks);
  }
  Diagonals diagonals(video, mask, taken);
  const int64_t zero = video.keys - 1;  // where the main diagonal's sum stands
  HeaviestFirst order(sums.diagonals, zero, zero + 1);
  while (order.any()) {
    if (!byCost && mask.diagonals == pattern.s) break;
    const int64_t offset = order.next() - zero;
    const int64_t below = offset >= 0 ? offset / video.block : -blocksOf(-offset, video.block);
    const int64_t inside = offset - below * video.block;  // of `block` places, so many lie in the next
    const bool nextFirst = 2 * inside > video.block;
    const int64_t target = byCost && offset != 0 ? pattern.blocks * video.count() : -1;
    if (!diagonals.add(nextFirst ? below + 1 : below, target)) break;
    if (inside > 0 && !diagonals.add(nextFirst ? below : below + 1, target)) break;
    ++mask.diagonals;
  }
  return mask;
}

HeadMask blockSparseMask(const VideoBlocks& video, const HeadPattern& pattern,
                         std::span<const float> scores) {
  HeadMask mask = emptyMask(video);
  const int64_t count = pattern.blocks > 0 ? pattern.blocks : blocksOf(pattern.v * kOwnBlock, video.block);
  const auto width = size_t(video.count());
  for (int64_t g = video.first; g < video.last; ++g) {
    const auto start = size_t(g * video.kBlocks + video.first);
    kernels::selectTopK({1, 1, video.count()}, scores.subspan(start, width), count,
                        kernels::SelectionScope::Row, {&mask.blocks[start], width});
  }
  return mask;
}

std::vector<HeadPattern> patternsOfCost(int64_t blocks, int64_t block, PatternType type) {
  std::vector<HeadPattern> patterns;
  if (type == PatternType::AShape) {  // the paper's 1024 first keys and 4096 around the query
    const int64_t sink = blocks > 1 ? std::max<int64_t>(blocks / 5, 1) : 0;
    patterns.push_back({type, sink * block, (blocks - sink) * block, 1, blocks});
  } else if (type == PatternType::VerticalSlash) {
    int64_t last = -1;
    for (const double share : {0.125, 0.25, 0.5, 0.75}) {
      const auto vertical = std::clamp<int64_t>(std::llround(share * double(blocks)), 0, blocks - 1);
      if (vertical != last) patterns.push_back({type, vertical * block, 0, 1, blocks});
      last = vertical;
    }
  } else if (type == PatternType::BlockSparse) {
    patterns.push_back({type, blocksOf(blocks * block, kOwnBlock), 0, 1, blocks});
  }
  return patterns;
}

double recallOf(const VideoBlocks& video, const HeadMask& mask, std::span<const int64_t> rows,
                const float* share) {
  double sum = 0;
  for (const int64_t row : rows) {
    const int64_t g = row / video.block;
    for (int64_t j = 0; j < video.keys; ++j) {
      const int64_t t = j / video.block;
      const bool text = g < video.first || g >= video.last || t < video.first || t >= video.last;
      if (text || mask.blocks[size_t(g * video.kBlocks + t)] != 0 ||
          (!mask.columns.empty() && mask.columns[size_t(j)] != 0))
        sum += double(share[j]);
    }
    share += video.keys;
  }
  return rows.empty() ? 1 : sum / double(rows.size());
}

}  // namespace ditscope::collector
