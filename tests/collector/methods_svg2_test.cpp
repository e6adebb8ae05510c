// SPDX-License-Identifier: Apache-2.0
// Semantic-aware permutation: k-means against Lloyd's algorithm in plain loops, the choice of clusters
// against the paper's formulas, and the masks token by token.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "collector/methods/kmeans.h"
#include "method_support.h"

namespace ditscope::collector::test {
namespace {

using Matrix = std::vector<std::vector<double>>;

Matrix toMatrix(const at::Tensor& x) {  // [N, D]
  Matrix rows(size_t(x.size(0)), std::vector<double>(size_t(x.size(1))));
  for (int64_t i = 0; i < x.size(0); ++i) {
    for (int64_t d = 0; d < x.size(1); ++d) rows[size_t(i)][size_t(d)] = x[i][d].item<double>();
  }
  return rows;
}

struct PlainClusters {
  std::vector<size_t> labels;
  Matrix centroids;
  std::vector<double> sizes;
};

PlainClusters plainKMeans(const Matrix& x, Matrix centroids, int iterations) {
  PlainClusters result;
  for (int iteration = 0; iteration < iterations; ++iteration) {
    result.labels.assign(x.size(), 0);
    result.sizes.assign(centroids.size(), 0);
    Matrix sums(centroids.size(), std::vector<double>(x[0].size()));
    for (size_t i = 0; i < x.size(); ++i) {
      double best = INFINITY;
      for (size_t c = 0; c < centroids.size(); ++c) {
        double distance = 0;
        for (size_t d = 0; d < x[i].size(); ++d) distance += std::pow(x[i][d] - centroids[c][d], 2);
        if (distance < best) result.labels[i] = c;
        best = std::min(best, distance);
      }
      ++result.sizes[result.labels[i]];
      for (size_t d = 0; d < x[i].size(); ++d) sums[result.labels[i]][d] += x[i][d];
    }
    for (size_t c = 0; c < centroids.size(); ++c) {
      for (size_t d = 0; d < x[0].size(); ++d) {
        if (result.sizes[c] > 0) centroids[c][d] = sums[c][d] / result.sizes[c];
      }
    }
  }
  result.centroids = centroids;
  return result;
}

// [Cq][Ck]: the fewest of the heaviest that reach the share, and no fewer than the floor.
std::vector<std::vector<bool>> plainChoice(const PlainClusters& q, const PlainClusters& k, double share,
                                           double floor) {
  std::vector<std::vector<bool>> kept;
  for (const std::vector<double>& query : q.centroids) {
    std::vector<double> weights;
    for (size_t c = 0; c < k.centroids.size(); ++c) {
      const double score = std::inner_product(query.begin(), query.end(), k.centroids[c].begin(), 0.0) /
                           std::sqrt(double(query.size()));
      weights.push_back(k.sizes[c] * std::exp(score));
    }
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::vector<size_t> order(weights.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return weights[a] > weights[b]; });
    std::vector<bool> row(weights.size());
    double sum = 0;
    for (size_t n = 0; n < order.size(); ++n) {
      if (sum < share * total || n < size_t(floor * double(order.size()))) row[order[n]] = true;
      sum += weights[order[n]];
    }
    kept.push_back(row);
  }
  return kept;
}

at::Tensor videoOf(const MethodCall& call, const at::Tensor& x) {
  const int64_t begin = call.text.begin == 0 ? call.text.end : 0;
  return x.narrow(1, begin, call.grid.count());
}

struct Side {  // the queries or the keys of all heads
  std::vector<PlainClusters> heads;
  Side(const at::Tensor& x, const at::Tensor& start, int iterations) {
    for (int64_t h = 0; h < x.size(0); ++h) {
      heads.push_back(plainKMeans(toMatrix(x[h]), toMatrix(start[h]), iterations));
    }
  }
  [[nodiscard]] at::Tensor centroids() const {
    std::vector<at::Tensor> all;
    for (const PlainClusters& head : heads) {
      for (const auto& row : head.centroids) all.push_back(at::tensor(row, at::kFloat));
    }
    return at::stack(all).view({int64_t(heads.size()), -1, all[0].size(0)});
  }
};

at::Tensor expectedMask(const MethodCall& call, const Side& q, const Side& k, double share, double floor) {
  const int64_t begin = call.text.begin == 0 ? call.text.end : 0, n = call.queries();
  at::Tensor mask = at::ones({call.heads(), n, n}, at::kBool);
  auto attended = mask.accessor<bool, 3>();
  for (int64_t h = 0; h < call.heads(); ++h) {
    const PlainClusters &queries = q.heads[size_t(h)], &keys = k.heads[size_t(h)];
    const auto kept = plainChoice(queries, keys, share, floor);
    for (int64_t i = 0; i < call.grid.count(); ++i) {
      for (int64_t j = 0; j < call.grid.count(); ++j) {
        attended[h][begin + i][begin + j] = kept[queries.labels[size_t(i)]][keys.labels[size_t(j)]];
      }
    }
  }
  return mask;
}

const std::string kSparse = "dense_steps=0,dense_layers=0";

TEST(KMeans, IsLloydsAlgorithm) {
  const at::Tensor x = randomTensor(1, {3, 150, 9});
  const at::Tensor start = sampledCentroids(x, 11, 5);
  for (const int iterations : {1, 2, 7}) {
    const Clusters clusters = kMeans(x, start, iterations);
    for (int64_t h = 0; h < 3; ++h) {
      const PlainClusters plain = plainKMeans(toMatrix(x[h]), toMatrix(start[h]), iterations);
      for (int64_t i = 0; i < 150; ++i)
        EXPECT_EQ(clusters.labels[h][i].item<int64_t>(), plain.labels[size_t(i)]);
      for (int64_t c = 0; c < 11; ++c) {
        EXPECT_EQ(clusters.sizes[h][c].item<double>(), plain.sizes[size_t(c)]);
        for (int64_t d = 0; d < 9; ++d) {
          EXPECT_NEAR(clusters.centroids[h][c][d].item<double>(), plain.centroids[size_t(c)][size_t(d)],
                      1e-5);
        }
      }
    }
  }
}

TEST(KMeans, EmptyClustersStayWhereTheyAre) {
  const at::Tensor x = at::cat({at::zeros({1, 4, 2}), at::ones({1, 4, 2})}, 1);
  const at::Tensor start = at::tensor({0.1f, 0.1f, 0.9f, 0.9f, 50.0f, 50.0f}).view({1, 3, 2});
  const Clusters clusters = kMeans(x, start, 50);
  EXPECT_TRUE(clusters.sizes[0].equal(at::tensor({4, 4, 0}, at::kLong)));
  EXPECT_TRUE(clusters.centroids[0].equal(at::tensor({0.0f, 0.0f, 1.0f, 1.0f, 50.0f, 50.0f}).view({3, 2})));
}

TEST(KMeans, FirstCentroidsAreDifferentTokens) {
  const at::Tensor x = at::arange(40, at::kFloat).view({1, 40, 1});
  const at::Tensor all = sampledCentroids(x, 40, 3);
  EXPECT_TRUE(std::get<0>(all.view(-1).sort()).equal(x.view(-1)));
  EXPECT_TRUE(all.equal(sampledCentroids(x, 40, 3)));
  EXPECT_FALSE(all.equal(sampledCentroids(x, 40, 4)));
}

TEST(KMeans, AChainGoesToTheNearestClusterThatIsLeft) {
  const at::Tensor x = at::tensor({7.0f, 0.0f, 9.5f, 4.0f, 9.4f}).view({1, 5, 1});
  Clusters clusters = kMeans(x, x, 1);  // each token a cluster
  chainNeighbours(clusters);
  EXPECT_TRUE(clusters.centroids.view(-1).equal(at::tensor({7.0f, 9.4f, 9.5f, 4.0f, 0.0f})));
  EXPECT_TRUE(clusters.labels[0].equal(at::tensor({0, 4, 2, 3, 1}, at::kLong)));
  EXPECT_TRUE(clusters.sizes[0].equal(at::ones({5}, at::kLong)));
}

void expectMask(const CallShape& shape) {
  const MethodCall call = randomCall(shape);
  const auto method =
      makeMethod("svg2:" + kSparse + ",cq=6,ck=9,top_p=0.7,min_share=0.25,iterations=4,seed=2");
  const Plan plan = method->plan(call);
  const at::Tensor q = videoOf(call, call.q), k = videoOf(call, call.k);
  const Side queries(q, sampledCentroids(q, 6, 2), 4), keys(k, sampledCentroids(k, 9, 2), 4);
  const at::Tensor expected = expectedMask(call, queries, keys, 0.7, 0.25);
  EXPECT_TRUE(tokenMask(plan, call).equal(expected));
  EXPECT_LT(largest(runKernel(plan, call) - maskedAttention(call, expected)), 1e-4);
  ASSERT_EQ(plan.decisions.size(), size_t(shape.heads));
  for (int64_t h = 0; h < shape.heads; ++h) {
    EXPECT_NEAR(plan.decisions[size_t(h)].budget, expected[h].to(at::kDouble).mean().item<double>(), 1e-6);
    EXPECT_EQ(plan.decisions[size_t(h)].choice, "clusters");
  }
  EXPECT_EQ(plan.launches[0].order.name, db::TokenOrder::Clustered);
}

TEST(Svg2, MasksArePairsOfClusters) {
  expectMask({.heads = 2, .grid = {4, 4, 8}});
  expectMask({.heads = 3, .grid = {3, 5, 7}, .dim = 72});
  expectMask({.heads = 2, .grid = {3, 5, 7}, .text = {0, 20}});
  expectMask({.heads = 2, .grid = {3, 5, 7}, .text = {105, 125}});
  expectMask({.heads = 1, .grid = {1, 9, 9}});  // an image
}

TEST(Svg2, LaterStepsStartFromTheCentroidsOfTheLast) {
  const CallShape shape{.heads = 2, .grid = {4, 4, 8}};
  const auto method = makeMethod("svg2:" + kSparse + ",cq=6,ck=9,iterations=3,warm_iterations=2,min_share=0",
                                 samplingPlan(3));
  const MethodCall first = randomCall(shape, 1), second = callAt(randomCall(shape, 2), 1);
  (void)method->plan(first);
  const Plan plan = method->plan(second);
  const Side q1(first.q, sampledCentroids(first.q, 6, 0), 3), k1(first.k, sampledCentroids(first.k, 9, 0), 3);
  const Side q2(second.q, q1.centroids(), 2), k2(second.k, k1.centroids(), 2);
  EXPECT_TRUE(tokenMask(plan, second).equal(expectedMask(second, q2, k2, 0.9, 0)));
}

TEST(Svg2, BranchesAndGenerationsClusterForThemselves) {
  const CallShape shape{.heads = 2, .grid = {4, 4, 8}};
  const MethodCall cond = randomCall(shape, 1),
                   uncond = callAt(randomCall(shape, 2), 0, 0, db::Branch::Uncond);
  const auto make = [] { return makeMethod("svg2:" + kSparse + ",iterations=2,cq=6,ck=9", samplingPlan(3)); };
  const auto both = make(), alone = make();
  for (int step = 0; step < 2; ++step) {
    (void)both->plan(callAt(cond, step));
    const MethodCall call = callAt(uncond, step, 0, db::Branch::Uncond);
    const at::Tensor mask = tokenMask(both->plan(call), call);
    EXPECT_TRUE(mask.equal(tokenMask(alone->plan(call), call)));
    if (step == 0) {
      EXPECT_TRUE(mask.equal(tokenMask(make()->plan(call), call)));
    }
  }
}

TEST(Svg2, EverythingAtTopPOne) {
  const MethodCall call = randomCall({.heads = 2, .grid = {3, 5, 7}, .text = {0, 20}});
  const Plan plan = makeMethod("svg2:" + kSparse + ",top_p=1,cq=5,ck=7")->plan(call);
  EXPECT_LT(largest(runKernel(plan, call) - maskedAttention(call, at::ones({1, 1, 1}, at::kBool))), 1e-5);
}

TEST(Svg2, TheFloorHoldsOneClusterInTen) {
  MethodCall call = randomCall({.heads = 1, .grid = {4, 8, 8}});
  const Plan plan = makeMethod("svg2:" + kSparse + ",top_p=0,cq=8,ck=20,min_share=0.1")->plan(call);
  // Rows attend two of the twenty clusters, whatever these hold.
  const at::Tensor mask = tokenMask(plan, call)[0];
  const Side keys(call.k, sampledCentroids(call.k, 20, 0), 50);
  for (int64_t i = 0; i < call.queries(); ++i) {
    std::vector<bool> seen(20);
    for (int64_t j = 0; j < call.keys(); ++j) {
      if (mask[i][j].item<bool>()) seen[keys.heads[0].labels[size_t(j)]] = true;
    }
    EXPECT_LE(std::count(seen.begin(), seen.end(), true), 2);
    EXPECT_GE(std::count(seen.begin(), seen.end(), true), 1);
  }
}

}  // namespace
}  // namespace ditscope::collector::test
