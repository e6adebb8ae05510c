// SPDX-License-Identifier: Apache-2.0
// The CPU attention kernel against the machine: each line is one call, timed in turn with all others and with
// the FMA peak of the same thread, so that a busy machine slows them alike. Figures are ratios of the fastest
// runs; the median of the per-round ratios stands beside them.
#include <hwy/aligned_allocator.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "kernels/attention.h"
#include "kernels/block_list_storage.h"
#include "kernels/cpu_peak.h"
#include "kernels/cpu_targets.h"
#include "kernels/half_types.h"
#include "kernels/mask_search.h"

namespace {

using namespace ditscope::kernels;

struct Options {
  int64_t heads = 8, tokens = 4096, dim = 128;
  int32_t block = 64;
  int threads = 1;
  int rounds = 7;
  DType dtype = DType::F32;
  std::string target;
};

// One thread is timed by its own processor time, which leaves out what other programs took; several by the
// clock.
double now(int threads) {
  timespec time;
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

struct Case {
  std::string name;
  double flops;  // of the kept pairs
  std::function<void()> work;
  std::vector<double> seconds;
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + std::ptrdiff_t(values.size() / 2), values.end());
  return values[values.size() / 2];
}

class Bench {
 public:
  explicit Bench(const Options& options) : m_options(options) {
    const Options& o = options;
    const size_t count = size_t(o.heads * o.tokens * o.dim);
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    for (auto* memory : {&m_q, &m_k, &m_v, &m_o}) {
      *memory = hwy::AllocateAligned<float>(count);  // as tensor libraries do
      for (size_t i = 0; i < count; ++i) storeElement(memory->get(), o.dtype, int64_t(i), normal(random));
    }
    m_args.q = tensor(m_q);
    m_args.k = tensor(m_k);
    m_args.v = tensor(m_v);
    m_args.o = tensor(m_o);
    m_args.defaultBlock = o.block;
    m_lse.resize(size_t(o.heads * o.tokens));
    m_args.lse = m_lse.data();
    const int64_t blocks = (o.tokens + o.block - 1) / o.block;
    m_grid = {o.heads, blocks, blocks};
    m_bits.resize(size_t(o.heads * blocks * ((blocks + 31) / 32)));
    m_gap.resize(size_t(m_grid.blocks()));
    m_logMass.resize(size_t(o.heads * blocks * o.tokens));
    m_bitsAndGap = {.keptBits = m_bits.data(), .gap = m_gap.data()};
    m_all = {.keptBits = m_bits.data(), .gap = m_gap.data(), .rowLogMass = m_logMass.data()};
  }

  void run() {
    constexpr int64_t kPeakSteps = 10'000'000;
    m_cases.push_back(
        {"FMA peak, one thread", double(runFmaChains(1)) * kPeakSteps, [] { runFmaChains(kPeakSteps); }, {}});
    addCase("dense", 1, [this] { attentionCpu(m_args, m_options.threads); });
    addStats("dense, kept bits + gap", m_bitsAndGap);
    addStats("dense, + row log-mass", m_all);
    addSkip("dense, Blasst asked", SkipRule::Kind::Blasst);
    addSkip("dense, RunningMass asked", SkipRule::Kind::RunningMass);
    for (const double density : {0.5, 0.25, 0.1}) addSparse(density);
    addSearch();
    for (int round = 0; round < m_options.rounds; ++round)
      for (Case& c : m_cases) {
        const double start = now(m_options.threads);
        c.work();
        c.seconds.push_back(now(m_options.threads) - start);
      }
    print();
  }

 private:
  Tensor4 tensor(const hwy::AlignedFreeUniquePtr<float[]>& memory) const {
    const Options& o = m_options;
    return {memory.get(),
            o.dtype,
            {1, o.heads, o.tokens, o.dim},
            {o.heads * o.tokens * o.dim, o.tokens * o.dim, o.dim, 1}};
  }

  void addCase(const std::string& name, double density, const std::function<void()>& work) {
    const Options& o = m_options;
    m_cases.push_back({name,
                       density * 4 * double(o.heads) * double(o.tokens) * double(o.tokens) * double(o.dim),
                       work,
                       {}});
  }

  void addStats(const std::string& name, const StatsOut& stats) {
    addCase(name, 1, [this, &stats] {
      AttentionArgs args = m_args;
      args.stats = &stats;
      attentionCpu(args, m_options.threads);
    });
  }

  // What the question costs: the threshold is so low that no block is skipped.
  void addSkip(const std::string& name, SkipRule::Kind kind) {
    addCase(name, 1, [this, kind] {
      const SkipRule rule{.kind = kind, .lnLambda = -1e30f};
      AttentionArgs args = m_args;
      args.skip = &rule;
      attentionCpu(args, m_options.threads);
    });
  }

  // The list is built beforehand; its cost is a line of its own.
  void addSparse(double density) {
    std::mt19937 random(2);
    std::bernoulli_distribution keep(density);
    std::vector<uint8_t> mask(static_cast<size_t>(m_grid.blocks()));
    for (uint8_t& block : mask) block = keep(random);
    const double kept = double(std::count(mask.begin(), mask.end(), 1)) / double(mask.size());
    const auto build = [this, mask] {
      return listFromMask(m_grid, mask, m_options.block, m_options.block, {m_grid.lists});
    };
    char name[64];
    std::snprintf(name, sizeof name, "density %.3f", kept);
    addCase(name, kept, [this, storage = build()] {
      const BlockList list = storage.view();
      AttentionArgs args = m_args;
      args.list = &list;
      attentionCpu(args, m_options.threads);
    });
    m_cases.push_back({std::string("  list of ") + name, 0, [build] { (void)build(); }, {}});
  }

  // What a method pays to find its mask.
  void addSearch() {
    m_scores.resize(size_t(m_grid.blocks()));
    m_kept.resize(m_scores.size());
    const BlockScoreArgs args{
        .q = m_args.q, .k = m_args.k, .qBlock = m_options.block, .kBlock = m_options.block};
    const int threads = m_options.threads;
    const auto add = [this](const char* name, double flops, const std::function<void()>& work) {
      m_cases.push_back({name, flops, work, {}});
    };
    add("pooled scores", 0, [this, args, threads] { pooledScores(args, m_scores, threads); });
    add("exact block mass from LSE", m_cases[1].flops / 2,
        [this, args, threads] { blockMassFromLse(args, m_lse, m_scores, threads); });
    add("antidiagonal scores, stride 8", m_cases[1].flops / 2 / 8,
        [this, args, threads] { antidiagonalScores(args, 8, m_scores, threads); });
    add("block mass from row log-mass", 0, [this, threads] {
      blockMassFromRowLogMass({.rowLogMass = m_logMass.data(),
                               .lse = m_lse.data(),
                               .batchHeads = m_grid.lists,
                               .queries = m_options.tokens,
                               .keyBlocks = m_grid.kBlocks,
                               .qBlock = m_options.block,
                               .mass = m_scores.data()},
                              threads);
    });
    add("top-k of each row", 0,
        [this] { selectTopK(m_grid, m_scores, m_grid.kBlocks / 4, SelectionScope::Row, m_kept); });
    add("top-p of each row", 0, [this] { selectTopP(m_grid, m_scores, 0.9, SelectionScope::Row, m_kept); });
  }

  void print() const {
    const auto fastest = [](const Case& c) { return *std::min_element(c.seconds.begin(), c.seconds.end()); };
    const Case& peak = m_cases[0];
    const Case& dense = m_cases[1];
    const double peakRate = peak.flops / fastest(peak) * m_options.threads;
    std::printf("%-28s %9s %9s %9s %7s %7s %9s %9s\n", "", "fastest", "median", "GFLOP/s", "peak", "median",
                "time/dense", "efficiency");
    for (const Case& c : m_cases) {
      std::vector<double> shares;
      for (size_t i = 0; i < c.seconds.size(); ++i)
        shares.push_back(c.flops / c.seconds[i] * peak.seconds[i] / peak.flops / m_options.threads);
      std::printf("%-28s %7.2fms %7.2fms %9.1f %7.3f %7.3f %9.4f %9.3f\n", c.name.c_str(), fastest(c) * 1e3,
                  median(c.seconds) * 1e3, c.flops / fastest(c) * 1e-9, c.flops / fastest(c) / peakRate,
                  median(shares), fastest(c) / fastest(dense),
                  c.flops / fastest(c) * fastest(dense) / dense.flops);
    }
  }

  Options m_options;
  hwy::AlignedFreeUniquePtr<float[]> m_q, m_k, m_v, m_o;
  std::vector<float> m_lse, m_gap, m_scores;
  std::vector<uint8_t> m_kept;
  std::vector<uint32_t> m_bits;
  std::vector<int16_t> m_logMass;
  StatsOut m_bitsAndGap, m_all;
  AttentionArgs m_args;
  BlockGrid m_grid;
  std::vector<Case> m_cases;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("CPU attention against the FMA peak of this machine");
  app.add_option("--heads", options.heads)->capture_default_str();
  app.add_option("--tokens", options.tokens)->capture_default_str();
  app.add_option("--dim", options.dim)->capture_default_str();
  app.add_option("--block", options.block, "32, 64 or 128")->capture_default_str();
  app.add_option("--threads", options.threads)->capture_default_str();
  app.add_option("--rounds", options.rounds)->capture_default_str();
  const std::map<std::string, DType> dtypes = {
      {"f32", DType::F32}, {"f16", DType::F16}, {"bf16", DType::BF16}};
  app.add_option("--dtype", options.dtype)->transform(CLI::CheckedTransformer(dtypes));
  app.add_option("--target", options.target, "instruction set; the best by default")
      ->check(CLI::IsMember(cpuTargets()));
  CLI11_PARSE(app, argc, argv);
  useCpuTarget(options.target);
  std::printf("H=%ld N=%ld D=%ld block=%d threads=%d target=%s\n", long(options.heads), long(options.tokens),
              long(options.dim), options.block, options.threads,
              options.target.empty() ? cpuTargets().front().c_str() : options.target.c_str());
  Bench(options).run();
}
