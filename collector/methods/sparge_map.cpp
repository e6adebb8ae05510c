// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/sparge_map.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <limits>
#include <numbers>

#include "collector/attention_kernel.h"
#include "collector/methods/block_choice.h"
#include "kernels/mask_search.h"
#include "kernels/parallel.h"

namespace ditscope::collector {
namespace {

// [H, D] mean of all keys, from the means of their blocks. means: [H, blocks, D].
std::vector<float> meanOfAll(const std::vector<float>& means, const MethodCall& call, int64_t blocks) {
  const int64_t dim = call.k.size(2);
  std::vector<float> all(size_t(call.heads() * dim));
  std::vector<double> sum(static_cast<size_t>(dim));
  for (int64_t h = 0; h < call.heads(); ++h) {
    std::fill(sum.begin(), sum.end(), 0.0);
    for (int64_t t = 0; t < blocks; ++t) {
      const auto rows = double(std::min<int64_t>(call.block, call.keys() - t * call.block));
      for (int64_t d = 0; d < dim; ++d)
        sum[size_t(d)] += rows * double(means[size_t((h * blocks + t) * dim + d)]);
    }
    for (int64_t d = 0; d < dim; ++d) all[size_t(h * dim + d)] = float(sum[size_t(d)] / double(call.keys()));
  }
  return all;
}

}  // namespace

SpargeMap::SpargeMap(const MethodCall& call, bool smooth) : m_block(call.block) {
  const at::Tensor q = call.q.unsqueeze(0), k = call.k.unsqueeze(0);
  const int threads = at::get_num_threads();
  m_q = kernelView(q);
  m_k = kernelView(k);
  m_grid = kernels::gridOf({.q = m_q, .k = m_k, .qBlock = m_block, .kBlock = m_block});
  const int64_t dim = call.q.size(2);
  m_qMeans.resize(size_t(m_grid.lists * m_grid.qBlocks * dim));
  m_kMeans.resize(size_t(m_grid.lists * m_grid.kBlocks * dim));
  m_qSimilar.resize(size_t(m_grid.lists * m_grid.qBlocks));
  m_kSimilar.resize(size_t(m_grid.lists * m_grid.kBlocks));
  std::vector<float> centre;
  if (smooth) {
    kernels::poolMean(m_k, m_block, m_kMeans, threads);
    centre = meanOfAll(m_kMeans, call, m_grid.kBlocks);
  }
  kernels::poolWithSimilarity(m_q, m_block, {}, m_qMeans, m_qSimilar, threads);
  kernels::poolWithSimilarity(m_k, m_block, centre, m_kMeans, m_kSimilar, threads);
  m_q.size[1] = m_k.size[1] = 1;
  m_q.data = m_k.data = nullptr;
}

void SpargeMap::choose(int64_t head, const SpargeHead& parameters, SpargeMode mode,
                       std::span<uint8_t> kept) const {
  if (!parameters.sparse) {
    std::fill(kept.begin(), kept.end(), uint8_t{1});
    return;
  }
  const kernels::BlockGrid grid{1, m_grid.qBlocks, m_grid.kBlocks};
  const auto part = [head](const std::vector<float>& all, int64_t size) {
    return std::span<const float>(all).subspan(size_t(head * size), size_t(size));
  };
  const auto similar = [&parameters](float similarity) {  // NaN is not
    return double(similarity) > parameters.simthreshd1;
  };
  const std::span<const float> kSimilar = part(m_kSimilar, grid.kBlocks);
  std::vector<uint8_t> takes(kSimilar.size());
  std::transform(kSimilar.begin(), kSimilar.end(), takes.begin(), similar);
  std::vector<float> scores(kept.size());
  kernels::pooledScores({.q = m_q, .k = m_k, .qBlock = m_block, .kBlock = m_block},
                        {.q = part(m_qMeans, grid.qBlocks * m_q.size[3]),
                         .k = part(m_kMeans, grid.kBlocks * m_k.size[3]),
                         .takes = takes},
                        scores, 1);
  if (mode == SpargeMode::TopK) {
    const auto count = int64_t(parameters.topk * double(grid.kBlocks) + 1e-9);
    kernels::selectTopK(grid, scores, std::max<int64_t>(count, 1), kernels::SelectionScope::Row, kept);
  } else if (parameters.cdfthreshd >= 1) {
    std::fill(kept.begin(), kept.end(), uint8_t{1});
  } else {
    kernels::selectTopP(grid, scores, parameters.cdfthreshd, kernels::SelectionScope::Row, kept,
                        kernels::Crossing::Excluded);
  }
  const bool anyTakes = std::any_of(takes.begin(), takes.end(), [](uint8_t take) { return take != 0; });
  takes[0] = 0;  // the sink is kept as those are that take no part
  for (int64_t g = 0; g < grid.qBlocks; ++g) {
    const bool whole = !anyTakes || !similar(m_qSimilar[size_t(head * grid.qBlocks + g)]);
    for (int64_t t = 0; t < grid.kBlocks; ++t)
      if (whole || takes[size_t(t)] == 0) kept[size_t(g * grid.kBlocks + t)] = 1;
  }
}

Launch spargeLaunch(const MethodCall& call, const SpargeMap& map, std::span<const SpargeHead> heads,
                    SpargeMode mode) {
  BlockChoice choice(call, call.heads());
  const auto size = size_t(choice.grid.qBlocks * choice.grid.kBlocks);
  const at::Tensor lnLambda = at::empty({call.heads()}, at::kFloat);
  float* thresholds = lnLambda.data_ptr<float>();
  kernels::parallelFor(call.heads(), at::get_num_threads(), [&](int64_t h, int) {
    const SpargeHead& head = heads[size_t(h)];
    map.choose(h, head, mode, {choice.row(h, 0), size});
    thresholds[h] = head.sparse ? float(-head.pvthreshd * std::numbers::ln2)
                                : -std::numeric_limits<float>::infinity();  // nothing lies below it
  });
  keepText(choice, call);
  return {.lists = toLists(choice, call),
          .skip = {.kind = kernels::SkipRule::Kind::Blasst},
          .lnLambda = lnLambda};
}

std::vector<SpargeTrial> trySparge(const MethodCall& call, const SpargeMap& map,
                                   std::span<const SpargeHead> heads, SpargeMode mode,
                                   const at::Tensor& dense) {
  const Launch launch = spargeLaunch(call, map, heads, mode);
  KernelRequest request{
      .lists = launch.lists, .skip = launch.skip, .lnLambda = launch.lnLambda, .block = call.block};
  request.lse = false;
  request.keptBits = true;
  const KernelResult result =
      runAttention(call.q.unsqueeze(0), call.k.unsqueeze(0), call.v.unsqueeze(0), request);
  const at::Tensor reference = dense.to(at::kDouble);
  const at::Tensor lost =
      (result.out[0].to(at::kDouble) - reference).abs().sum({1, 2}) / reference.abs().sum({1, 2});
  const auto block = int64_t{call.block};
  const double blocks =
      double((call.queries() + block - 1) / block) * double((call.keys() + block - 1) / block);
  std::vector<SpargeTrial> trials;
  for (int64_t h = 0; h < call.heads(); ++h) {
    const int64_t* counters = result.counters.data_ptr<int64_t>() + h * 4;  // visited, skipped, ...
    trials.push_back({.relativeL1 = lost[h].item<double>(),
                      .densityQk = double(counters[0]) / blocks,
                      .densityPv = double(counters[0] - counters[1]) / blocks});
  }
  return trials;
}

}  // namespace ditscope::collector
