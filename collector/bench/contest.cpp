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

constexpr const char* kUnfused = "libtorch-unfused";
#if TORCH_VERSION_MAJOR >= 2
constexpr bool kHasFused = true;
#else
constexpr bool kHasFused = false;
#endif

bool unfusedFits(const Shape& shape) {
  constexpr int64_t kMaxScores = int64_t{1} << 30;  // of a head in all batches: 4 GB, and as much again
  return shape.batch * shape.tokens <= kMaxScores / shape.tokens;
}

std::string ownDense(const std::string& dtype) {
  return "ditscope-" + dtype;
}

std::string fused(const std::string& dtype) {
  return "libtorch-sdpa-" + dtype;
}

// The best that LibTorch has; its unfused attention computes in f32.
std::string libtorchRival(const Shape& shape, const std::string& dtype) {
  if (kHasFused) return fused(dtype);
  return dtype == "f32" && unfusedFits(shape) ? kUnfused : "";
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
  const at::Tensor q = at::randn(sizes, at::kFloat), k = at::randn(sizes, at::kFloat),
                   v = at::randn(sizes, at::kFloat);
  const auto rounded = [&](const char* name, at::ScalarType dtype) {
    return Inputs{name, q.to(dtype), k.to(dtype), v.to(dtype), at::empty(sizes, dtype)};
  };
  m_inputs = {rounded("f32", at::kFloat), rounded("bf16", at::kBFloat16), rounded("f16", at::kHalf)};
  m_lse = at::empty({shape.batch, shape.heads, shape.tokens}, at::kFloat);
  const int64_t blocks = (shape.tokens + options.block - 1) / options.block;
  m_grid = {shape.batch * shape.heads, blocks, blocks};
  const int64_t words = (blocks + 31) / 32;
  m_keptBits.resize(size_t(m_grid.lists * blocks * words));
  m_gap.resize(size_t(m_grid.blocks()));
  m_rowLogMass.resize(size_t(m_grid.lists * blocks * shape.tokens));
  m_bitsAndGap = {.keptBits = m_keptBits.data(), .gap = m_gap.data()};
  m_logMass = {.rowLogMass = m_rowLogMass.data()};
  addPeak();
  for (const Inputs& inputs : m_inputs) addOwn(inputs, "", nullptr);
  addOwn(m_inputs[0], "-bits-gap", &m_bitsAndGap);
  addOwn(m_inputs[0], "-log-mass", &m_logMass);
  for (const double density : options.densities) addDensity(density);
  addLibtorch();
}

void Contest::add(Contender contender) {
  m_names.push_back(contender.name);
  const auto holds = [&](const std::string& text) { return contender.name.find(text) != std::string::npos; };
  if (!m_options.only.empty() && contender.name != kPeakName && std::ranges::none_of(m_options.only, holds))
    return;
  m_contenders.push_back(std::move(contender));
}

void Contest::addPeak() {
  constexpr int64_t kSteps = 2'000'000;  // of each thread, about 10 ms
  constexpr int kParts = 16;             // so that a thread that is held up leaves work to the others
  const int threads = m_options.threads;
  const double flops = double(kernels::runFmaChains(1)) * double(kSteps / kParts * kParts) * threads;
  add({.name = kPeakName, .flops = flops, .own = "", .libtorch = "", .run = [threads] {
         kernels::parallelFor(int64_t{threads} * kParts, threads,
                              [](int64_t, int) { kernels::runFmaChains(kSteps / kParts); });
       }});
}

void Contest::runOwn(const Inputs& inputs, const kernels::StatsOut* stats,
                     const kernels::BlockListStorage* lists) {
  const kernels::BlockList list = lists != nullptr ? lists->view() : kernels::BlockList{};
  kernels::AttentionArgs args;
  args.q = kernelView(inputs.q);
  args.k = kernelView(inputs.k);
  args.v = kernelView(inputs.v);
  args.o = kernelView(inputs.out);
  args.lse = m_lse.data_ptr<float>();
  args.list = lists != nullptr ? &list : nullptr;
  args.stats = stats;
  args.defaultBlock = m_options.block;
  kernels::attentionCpu(args, m_options.threads);
  m_result = inputs.out;
}

void Contest::addOwn(const Inputs& inputs, const std::string& suffix, const kernels::StatsOut* stats) {
  add({.name = ownDense(inputs.dtype) + suffix,
       .flops = m_shape.denseFlops(),
       .own = ownDense(m_inputs[0].dtype),
       .libtorch = libtorchRival(m_shape, inputs.dtype),
       .run = [this, &inputs, stats] { runOwn(inputs, stats, nullptr); }});
}

void Contest::addDensity(double density) {
  const std::vector<uint8_t> kept = randomMask(m_grid, density);
  const auto build = [this, kept] {
    return kernels::listFromMask(m_grid, kept, m_options.block, m_options.block, {m_grid.lists});
  };
  const kernels::BlockListStorage& lists = m_lists.emplace_back(build());
  const double share = keptPairs(m_grid, kept, m_shape.tokens, m_options.block);
  const auto nameIn = [&](const Inputs& inputs) {
    return fmt::format("{}-density-{:g}", ownDense(inputs.dtype), density);
  };
  for (const Inputs& inputs : m_inputs) {
    add({.name = nameIn(inputs),
         .density = share,
         .flops = share * m_shape.denseFlops(),
         .own = ownDense(inputs.dtype),
         .libtorch = libtorchRival(m_shape, inputs.dtype),
         .run = [this, &inputs, &lists] { runOwn(inputs, nullptr, &lists); }});
  }
  add({.name = fmt::format("plan-density-{:g}", density),
       .density = share,
       .flops = 0,
       .own = nameIn(m_inputs[0]),
       .libtorch = "",
       .run = [build] { (void)build(); }});
}

void Contest::addLibtorch() {
  const auto rival = [&](const std::string& name, const std::function<void()>& run) {
    add({.name = name,
         .flops = m_shape.denseFlops(),
         .own = ownDense(m_inputs[0].dtype),
         .libtorch = "",
         .run = run});
  };
  if (unfusedFits(m_shape))
    rival(kUnfused, [this] { m_result = PlainAttention().attend(q(), k(), v(), {}); });
#if TORCH_VERSION_MAJOR >= 2
  for (const Inputs& in : m_inputs)
    rival(fused(in.dtype), [this, &in] { m_result = at::scaled_dot_product_attention(in.q, in.k, in.v); });
#endif
  rival("flash-loop", [this] {
    setBlasThreads(1);
    flashLoop(q(), k(), v(), m_inputs[0].out);
    setBlasThreads(m_options.threads);
    m_result = m_inputs[0].out;
  });
}

}  // namespace ditscope::collector::bench
