// SPDX-License-Identifier: Apache-2.0
// Semantic-aware permutation (Sparse VideoGen2, arXiv 2505.18875). Queries and keys of each head are
// clustered (k-means, warm-started from the step before), tokens of a cluster are put next to one another,
// and each query cluster attends the key clusters that its centroid gives most of its softmax to, a key
// cluster's centroid standing for all its members. Clusters do not end where blocks end: blocks at their rims
// are attended in part, to the token; near clusters stand next to one another, so that fewer blocks are. Text
// keeps its place.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "collector/methods/dense_schedule.h"
#include "collector/methods/kmeans.h"
#include "collector/methods/video_tokens.h"
#include "kernels/mask_search.h"

namespace ditscope::collector {
namespace {

// One head's tokens in clustered order.
struct HeadClusters {
  std::vector<int64_t> starts;  // of each cluster, counted from the first video token; and the end
  explicit HeadClusters(const at::Tensor& sizes) : starts(1, 0) {
    for (int64_t c = 0; c < sizes.size(0); ++c) {
      starts.push_back(starts.back() + sizes.data_ptr<int64_t>()[c]);
    }
  }
  [[nodiscard]] int64_t clusterOf(int64_t place) const {
    return std::upper_bound(starts.begin(), starts.end(), place) - starts.begin() - 1;
  }
  [[nodiscard]] int64_t size(int64_t cluster) const {
    return starts[size_t(cluster + 1)] - starts[size_t(cluster)];
  }
};

class Svg2 final : public Method {
 public:
  Svg2(const Parameters& p, const SamplingPlan& plan)
      : m_share(p.number("top_p")),
        m_least(p.number("min_share")),
        m_queryClusters(p.integer("cq")),
        m_keyClusters(p.integer("ck")),
        m_firstIterations(p.integer("iterations")),
        m_laterIterations(p.integer("warm_iterations")),
        m_seed(uint64_t(p.integer("seed"))),
        m_schedule(p, plan) {}

  Plan plan(const MethodCall& call) override {
    if (m_schedule.isDense(call)) return {};
    const VideoTokens video(call);
    State& state = m_states(call);
    const Clusters queries = cluster(call.q, m_queryClusters, kQueryClusters, state.q, video, call);
    const Clusters keys = cluster(call.k, m_keyClusters, kKeyClusters, state.k, video, call);
    return planOf(call, video, queries, keys);
  }

 private:
  static constexpr int64_t kQueryClusters = 100, kKeyClusters = 500;  // of the paper

  struct State {
    at::Tensor q, k;  // centroids of the step before, [H, C, D]
  };

  // x: [H, N, D] with the text.
  Clusters cluster(const at::Tensor& x, int64_t wanted, int64_t paper, at::Tensor& centroids,
                   const VideoTokens& video, const MethodCall& call) const {
    const at::Tensor tokens = x.narrow(1, video.begin(), video.count());
    const bool warm = centroids.defined();
    if (!warm) {
      const int64_t fit = std::min(paper, video.count() / call.block);
      const int64_t count = std::clamp<int64_t>(wanted > 0 ? wanted : fit, 1, video.count());
      centroids = sampledCentroids(tokens, count, m_seed + uint64_t(call.layer));
    }
    Clusters clusters = kMeans(tokens, centroids, warm ? m_laterIterations : m_firstIterations);
    chainNeighbours(clusters);
    centroids = clusters.centroids;
    return clusters;
  }

  // [H, Cq, Ck], one byte a pair of clusters. Rows of the scores sum to 1.
  [[nodiscard]] std::vector<uint8_t> choose(const Clusters& queries, const Clusters& keys) const {
    const at::Tensor weight = keys.sizes.to(at::kFloat).log().unsqueeze(1);
    const at::Tensor scores = (at::matmul(queries.centroids, keys.centroids.transpose(1, 2)) /
                                   std::sqrt(double(queries.centroids.size(2))) +
                               weight)
                                  .softmax(2)
                                  .contiguous();
    const kernels::BlockGrid grid{scores.size(0), scores.size(1), scores.size(2)};
    const std::span<const float> values{scores.data_ptr<float>(), size_t(grid.blocks())};
    std::vector<uint8_t> kept(values.size()), floor(values.size());
    kernels::selectTopP(grid, values, m_share, kernels::SelectionScope::Row, kept);
    const auto least = int64_t(m_least * double(grid.kBlocks) + 1e-9);
    kernels::selectTopK(grid, values, least, kernels::SelectionScope::Row, floor);
    for (size_t i = 0; i < kept.size(); ++i) kept[i] |= floor[i];
    return kept;
  }

  [[nodiscard]] Plan planOf(const MethodCall& call, const VideoTokens& video, const Clusters& queries,
                            const Clusters& keys) const {
    const std::vector<uint8_t> kept = choose(queries, keys);
    const auto heads = size_t(call.heads());
    std::vector<kernels::BlockListStorage> lists(heads);
    Plan plan{.kind = "sparse"};
    plan.decisions.resize(heads);
    at::parallel_for(0, call.heads(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t h = begin; h < end; ++h) {
        const HeadClusters q(queries.sizes[h]), k(keys.sizes[h]);
        const auto pairs = kept.size() / heads;
        const std::span<const uint8_t> own{kept.data() + size_t(h) * pairs, pairs};
        lists[size_t(h)] = listsOf(call, video, q, k, own);
        plan.decisions[size_t(h)] = {.choice = "clusters",
                                     .budget = float(withTextPairs(video, areaOf(q, k, own))),
                                     .threshold = float(m_share)};
      }
    });
    std::vector<const kernels::BlockListStorage*> each;
    for (const kernels::BlockListStorage& list : lists) each.push_back(&list);
    plan.launches.front().lists = std::make_shared<const kernels::BlockListStorage>(kernels::joinHeads(each));
    plan.launches.front().order = {db::TokenOrder::Clustered,
                                   video.withText(at::argsort(queries.labels, true, 1)),
                                   video.withText(at::argsort(keys.labels, true, 1))};
    return plan;
  }

  // kept: [Cq, Ck] of the head.
  static kernels::BlockListStorage listsOf(const MethodCall& call, const VideoTokens& video,
                                           const HeadClusters& queries, const HeadClusters& keys,
                                           std::span<const uint8_t> kept) {
    const size_t keyClusters = keys.starts.size() - 1;
    const auto keysOf = [&](int64_t place, std::vector<kernels::KeyInterval>& intervals) {
      if (video.addText(place, intervals)) return;
      const uint8_t* row = kept.data() + size_t(queries.clusterOf(place - video.begin())) * keyClusters;
      for (size_t c = 0; c < keyClusters; ++c) {
        if (row[c] == 0) continue;
        const size_t first = c;
        while (c + 1 < keyClusters && row[c + 1] != 0) ++c;
        intervals.push_back({video.begin() + keys.starts[first], video.begin() + keys.starts[c + 1]});
      }
    };
    return kernels::listFromIntervals(call.queries(), call.keys(), call.block, call.block, keysOf);
  }

  // Kept share of the video's (query, key) pairs.
  static double areaOf(const HeadClusters& queries, const HeadClusters& keys, std::span<const uint8_t> kept) {
    double area = 0;
    const int64_t keyClusters = int64_t(keys.starts.size()) - 1;
    for (int64_t i = 0; i < int64_t(kept.size()); ++i) {
      if (kept[size_t(i)] != 0)
        area += double(queries.size(i / keyClusters)) * double(keys.size(i % keyClusters));
    }
    return area / (double(queries.starts.back()) * double(keys.starts.back()));
  }

  double m_share;
  double m_least;
  int64_t m_queryClusters;
  int64_t m_keyClusters;
  int m_firstIterations;
  int m_laterIterations;
  uint64_t m_seed;
  DenseSchedule m_schedule;
  PerBranch<State> m_states;
};

}  // namespace

MethodInfo svg2() {
  return {
      "svg2",
      "queries and keys in semantic clusters; each attends the key clusters that hold most of its softmax",
      "Sparse VideoGen2, arXiv 2505.18875",
      "k-means of q and k in every call; keeps (cq + ck) * D floats a head; tokens are copied into the order "
      "of the clusters",
      Knob{"top_p", 0.05, 1},
      withSchedule(
          {number("top_p", "0.9", 0, 1, "share of the estimated softmax that the kept key clusters hold"),
           number("min_share", "0.1", 0, 1, "least share of the key clusters"),
           integer("cq", "0", 0, 100000,
                   "query clusters; 0 = 100, or fewer, each of a block of tokens on average"),
           integer("ck", "0", 0, 100000,
                   "key clusters; 0 = 500, or fewer, each of a block of tokens on average"),
           integer("iterations", "50", 1, 1000, "of k-means in the first sparse step"),
           integer("warm_iterations", "2", 1, 1000, "of k-means in later steps, from the last centroids"),
           integer("seed", "0", 0, 1e9, "of the first centroids")},
          {.steps = 0.2, .layers = 0.03}),
      [](const Parameters& p, const SamplingPlan& plan) { return std::make_unique<Svg2>(p, plan); }};
}

}  // namespace ditscope::collector
