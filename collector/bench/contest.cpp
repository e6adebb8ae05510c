// SPDX-License-Identifier: Apache-2.0
#include "collector/bench/contest.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <fmt/core.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "collector/attention.h"
#include "collector/attention_kernel.h"
#include "collector/bench/flash_loop.h"
#include "collector/environment.h"
#include "kernels/cpu_peak.h"
#include "kernels/mask_search.h"
#include "kernels/parallel.h"

namespace ditscope::collector::bench {
namespace {

constexpr const char* kOwnDense = "ditscope-f32";
constexpr const char* kUnfused = "libtorch-unfused";
constexpr const char* kFused = "libtorch-sdpa";
constexpr const char* kFusedHalf = "libtorch-sdpa-bf16";
#if TORCH_VERSION_MAJOR >= 2
constexpr bool kHasFused = true;
#else
constexpr bool kHasFused = false;
#endif

bool unfusedFits(const Shape& shape) {
  constexpr int64_t kMaxScores = int64_t{1} << 30;  // of a head in all batches: 4 GB, and as much again
  return shape.batch * shape.tokens <= kMaxScores / shape.tokens;
}

// The best that LibTorch has for f32.
const char* libtorchRival(const Shape& shape) {
  return kHasFused ? kFused : unfusedFits(shape) ? kUnfused : "";
}

// For an OpenBLAS with threads of its own. One on OpenMP follows LibTorch's setting and stays on one thread
// inside a parallel region.
void setBlasThreads(int threads) {
  static const bool onOpenMp = loadedBlas().name == "openblas-openmp";
  static const auto set = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
  if (!onOpenMp && set != nullptr) set(threads);
}

// The same number of key blocks for every query block, drawn at random.
std::vector<uint8_t> randomMask(const kernels::BlockGrid& grid, double density) {
  std::mt19937 random(2);
  std::uniform_real_distribution<float> uniform;
  std::vector<float> scores(size_t(grid.blocks()));
  std::generate(scores.begin(), scores.end(), [&] { return uniform(random); });
  std::vector<uint8_t> kept(scores.size());
  const int64_t count = std::max<int64_t>(1, std::llround(density * double(grid.kBlocks)));
  kernels::selectTopK(grid, scores, count, kernels::SelectionScope::Row, kept);
  return kept;
}

// Query-key pairs of the kept blocks / all pairs; the last block of a side may be narrower.
double keptPairs(const kernels::BlockGrid& grid, const std::vector<uint8_t>& kept, int64_t tokens,
                 int64_t block) {
  const auto width = [&](int64_t index) { return double(std::min(block, tokens - index * block)); };
  double pairs = 0;
  for (int64_t i = 0; i < grid.blocks(); ++i)
    if (kept[size_t(i)] != 0) pairs += width(i / grid.kBlocks % grid.qBlocks) * width(i % grid.kBlocks);
  return pairs / (double(grid.lists) * double(tokens) * double(tokens));
}

}  // namespace

Contest::Contest(const Shape& shape, const ContestOptions& options) : m_shape(shape), m_options(options) {
  at::set_num_threads(options.threads);
  setBlasThreads(options.threads);
  at::manual_seed(1);
  const std::vector<int64_t> sizes{shape.batch, shape.heads, shape.tokens, shape.dim};
  for (at::Tensor* input : {&m_q, &m_k, &m_v}) *input = at::randn(sizes, at::kFloat);
  m_out = at::empty_like(m_q);
  m_lse = at::empty({shape.batch, shape.heads, shape.tokens}, at::kFloat);
  const int64_t blocks = (shape.tokens + options.block - 1) / options.block;
  m_grid = {shape.batch * shape.heads, blocks, blocks};
  addPeak();
  addOwn();
  for (const double density : options.densities) addDensity(density);
  addLibtorch();
}

void Contest::add(Contender contender) {
  m_contenders.push_back(std::move(contender));
}

void Contest::addPeak() {
  constexpr int64_t kSteps = 10'000'000;  // of each thread, about 50 ms
  constexpr int kParts = 16;              // so that a thread that is held up leaves work to the others
  const int threads = m_options.threads;
  const double flops = double(kernels::runFmaChains(1)) * double(kSteps / kParts * kParts) * threads;
  add({.name = kPeakName, .flops = flops, .own = "", .libtorch = "", .run = [threads] {
         kernels::parallelFor(int64_t{threads} * kParts, threads,
                              [](int64_t, int) { kernels::runFmaChains(kSteps / kParts); });
       }});
}

void Contest::runOwn(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& out,
                     const kernels::StatsOut* stats, const kernels::BlockListStorage* lists) {
  const kernels::BlockList list = lists != nullptr ? lists->view() : kernels::BlockList{};
  kernels::AttentionArgs args;
  args.q = kernelView(q);
  args.k = kernelView(k);
  args.v = kernelView(v);
  args.o = kernelView(out);
  args.lse = m_lse.data_ptr<float>();
  args.list = lists != nullptr ? &list : nullptr;
  args.stats = stats;
  args.defaultBlock = m_options.block;
  kernels::attentionCpu(args, m_options.threads);
  m_result = out;
}

void Contest::addOwn() {
  const double flops = m_shape.denseFlops();
  const auto variant = [&](const char* name, const kernels::StatsOut* stats) {
    add({.name = name,
         .flops = flops,
         .own = kOwnDense,
         .libtorch = libtorchRival(m_shape),
         .run = [this, stats] { runOwn(m_q, m_k, m_v, m_out, stats, nullptr); }});
  };
  const int64_t words = (m_grid.kBlocks + 31) / 32;
  m_keptBits.resize(size_t(m_grid.lists * m_grid.qBlocks * words));
  m_gap.resize(size_t(m_grid.blocks()));
  m_rowLogMass.resize(size_t(m_grid.lists * m_grid.kBlocks * m_shape.tokens));
  m_bitsAndGap = {.keptBits = m_keptBits.data(), .gap = m_gap.data()};
  m_logMass = {.rowLogMass = m_rowLogMass.data()};
  variant(kOwnDense, nullptr);
  variant("ditscope-f32-bits-gap", &m_bitsAndGap);
  variant("ditscope-f32-log-mass", &m_logMass);

  m_qHalf = m_q.to(at::kBFloat16);
  m_kHalf = m_k.to(at::kBFloat16);
  m_vHalf = m_v.to(at::kBFloat16);
  m_outHalf = at::empty_like(m_qHalf);
  add({.name = "ditscope-bf16",
       .flops = flops,
       .own = kOwnDense,
       .libtorch = kHasFused ? kFusedHalf : "",
       .run = [this] { runOwn(m_qHalf, m_kHalf, m_vHalf, m_outHalf, nullptr, nullptr); }});
}

void Contest::addDensity(double density) {
  const std::vector<uint8_t> kept = randomMask(m_grid, density);
  const auto build = [this, kept] {
    return kernels::listFromMask(m_grid, kept, m_options.block, m_options.block, {m_grid.lists});
  };
  const kernels::BlockListStorage& lists = m_lists.emplace_back(build());
  const double share = keptPairs(m_grid, kept, m_shape.tokens, m_options.block);
  const std::string name = fmt::format("ditscope-f32-density-{:g}", density);
  add({.name = name,
       .density = share,
       .flops = share * m_shape.denseFlops(),
       .own = kOwnDense,
       .libtorch = libtorchRival(m_shape),
       .run = [this, &lists] { runOwn(m_q, m_k, m_v, m_out, nullptr, &lists); }});
  add({.name = fmt::format("plan-density-{:g}", density),
       .density = share,
       .flops = 0,
       .own = name,
       .libtorch = "",
       .run = [build] { (void)build(); }});
}

void Contest::addLibtorch() {
  const double flops = m_shape.denseFlops();
  const auto rival = [&](const char* name, const std::function<void()>& run) {
    add({.name = name, .flops = flops, .own = kOwnDense, .libtorch = "", .run = run});
  };
  if (unfusedFits(m_shape))
    rival(kUnfused, [this] { m_result = PlainAttention().attend(m_q, m_k, m_v, {}); });
#if TORCH_VERSION_MAJOR >= 2
  rival(kFused, [this] { m_result = at::scaled_dot_product_attention(m_q, m_k, m_v); });
  rival(kFusedHalf, [this] { m_result = at::scaled_dot_product_attention(m_qHalf, m_kHalf, m_vHalf); });
#endif
  rival("flash-loop", [this] {
    setBlasThreads(1);
    flashLoop(m_q, m_k, m_v, m_out);
    setBlasThreads(m_options.threads);
    m_result = m_out;
  });
}

}  // namespace ditscope::collector::bench
