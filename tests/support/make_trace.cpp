// SPDX-License-Identifier: Apache-2.0
#include "tests/support/make_trace.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

#include "db/trace_writer.h"
#include "tests/support/synthetic_head.h"
#include "tests/support/synthetic_stats.h"

namespace ditscope::tests {
namespace {

using db::BlockMask;
using db::BlockMass;

constexpr int64_t kLaunchGapNs = 2'000;

enum KernelKind {
  kNorm,
  kQkvGemm,
  kAttention,
  kProjection,
  kMlpUp,
  kMlpDown,
  kSearch,
  kElementwise,
  kKernelKinds
};
struct KernelModel {
  const char* name;
  int64_t durationNs;  // of the attention: dense
};
constexpr KernelModel kKernels[kKernelKinds] = {
    {"layer_norm_modulate<__half, 128>", 9'000},
    {"gemm_f16_128x128x32_tn_align8", 61'000},
    {"attention_block_sparse<__half, 64, 64, 64>", 240'000},
    {"gemm_f16_128x64x32_tn_align8", 24'000},
    {"gemm_f16_gelu_128x128x32_tn_align8", 78'000},
    {"gemm_f16_256x128x32_tn_align8", 71'000},
    {"pool_blocks_topk<__half, 64>", 31'000},
    {"vectorized_elementwise_kernel<4, AddFunctor>", 3'000},
};

// Writes one run; remembers for each (layer, branch, head) what the next step refers to.
class TraceMaker {
 public:
  TraceMaker(const std::filesystem::path& path, const SyntheticTraceOptions& options)
      : m_options(options), m_run(makeRun(options)), m_writer(path, m_run, {.overwrite = true}) {
    for (int32_t layer = 0; layer < options.layers; ++layer) {
      for (int32_t branch = 0; branch < options.branches; ++branch) {
        for (int32_t head = 0; head < options.heads; ++head) {
          m_heads.push_back({SyntheticHead({layer, head, db::Branch(branch)}, options.grid, options.blockSize,
                                           options.seed),
                             {},
                             {},
                             {}});
        }
      }
    }
  }

  void write() {
    writeDimensions();
    for (int32_t step = 0; step < m_options.steps; ++step) {
      const int64_t startNs = m_nowNs;
      for (int32_t layer = 0; layer < m_options.layers; ++layer) {
        for (int32_t branch = 0; branch < m_options.branches; ++branch)
          writeCall(step, layer, db::Branch(branch));
      }
      m_writer.push(db::DeviceClock{m_device, startNs, 1'410'000'000});
      // Flow matching with a shift of 3, as the Wan sampler has it.
      const double linear = 1.0 - double(step) / m_options.steps;
      const double sigma = 3 * linear / (1 + 2 * linear);
      m_writer.push(db::Step{step, sigma, 1000 * sigma, startNs, m_nowNs});
    }
    m_writer.setHealth("zero_time_kernels", 0);
    m_writer.flush();
    m_run.durationNs = m_nowNs;
    if (m_options.finalise) m_writer.finalise(m_run);
  }

 private:
  struct Head {
    SyntheticHead model;
    BlockMask plan;  // found by the last search
    BlockMask lastMask;
    std::vector<float> lastLse;
  };

  static db::Run makeRun(const SyntheticTraceOptions& o) {
    db::Run run;
    run.uuid = fmt::format("00000000-0000-4000-8000-{:012x}", o.seed & 0xffffffffffff);
    run.groupUuid = run.uuid;
    run.startedUtcNs = 1'767'225'600'000'000'000;  // 2026-01-01
    run.tool = "ditscope-make-trace";
    run.source = "synthetic";
    run.model = "WanTransformer3DModel";
    run.modelPath = o.model;
    run.label = o.label;
    run.scheduler = "FlowMatchEulerDiscreteScheduler";
    run.method = fmt::format("topk:density={:g}", o.density);
    run.record = o.record;
    run.nSteps = o.steps;
    run.nLayers = o.layers;
    run.nHeads = o.heads;
    run.grid = o.grid;
    run.seqLen = o.grid.count();
    run.blockQ = run.blockK = o.blockSize;
    run.dtype = "f16";
    run.seed = int64_t(o.seed);
    run.guidance = o.branches > 1 ? 5.0 : 1.0;
    run.overheadRatio = 1.012;
    run.overheadLo = 1.004;
    run.overheadHi = 1.021;
    return run;
  }

  void writeDimensions() {
    m_device =
        m_writer.addDevice({0, 0, "GPU-synthetic-0", "Synthetic GPU", 108, int64_t{40} << 30, 1'410'000'000});
    for (int32_t layer = 0; layer < m_options.layers; ++layer) {
      m_writer.addLayer(
          {layer, fmt::format("blocks.{}", layer), db::AttnKind::Self, m_options.heads, m_options.headDim});
    }
    for (const KernelModel& kernel : kKernels) {
      db::LaunchConfig config;
      config.name = kernel.name;
      config.grid[0] = int32_t((m_options.grid.count() + 127) / 128);
      config.grid[1] = m_options.heads;
      config.block[0] = 128;
      config.registersPerThread = 168;
      config.dynamicSharedBytes = 49'152;
      m_configs.push_back(m_writer.addLaunchConfig(config));
    }
    const int64_t calls = int64_t{m_options.steps} * m_options.layers * m_options.branches;
    m_extraKernels =
        calls == 0 ? 0 : std::max<int64_t>(0, (m_options.kernels - 6 * calls + calls - 1) / calls);
    m_writer.addDiagnostic({0, "info", "this trace is synthetic: no model ran"});
    m_writer.setCircumstance("clock_policy", "not set");
  }

  void launch(KernelKind kind, double scale, int64_t callId, db::LinkMethod link) {
    const double jitter = 1 + 0.03 * noise(m_options.seed, uint64_t(++m_correlation));
    const auto durationNs = int64_t(double(kKernels[kind].durationNs) * scale * jitter);
    m_writer.push(
        db::Kernel{m_device, m_configs[kind], m_nowNs, durationNs, 7, m_correlation, callId, link, 0});
    m_nowNs += durationNs + kLaunchGapNs;
    m_lastDurationNs = durationNs;
  }

  void writeCall(int32_t step, int32_t layer, db::Branch branch);
  db::HeadStats addHead(Head& head, int32_t step, bool search, db::AttnRecord& record);
  [[nodiscard]] db::HeadDecision decide(int32_t step, bool search) const;

  SyntheticTraceOptions m_options;
  db::Run m_run;
  db::TraceWriter m_writer;
  std::vector<Head> m_heads;  // [layer][branch][head]
  std::vector<int32_t> m_configs;
  int64_t m_device = 0;
  int64_t m_nowNs = 1'000'000;
  int64_t m_lastDurationNs = 0;
  int64_t m_correlation = 0;
  int64_t m_extraKernels = 0;
  int64_t m_calls = 0;
};

void TraceMaker::writeCall(int32_t step, int32_t layer, db::Branch branch) {
  const bool dense = step < m_options.denseSteps;
  const bool search = !dense && (step - m_options.denseSteps) % m_options.searchEvery == 0;
  db::AttnRecord record;
  db::AttnCall& call = record.call;
  call.id = ++m_calls;
  call.step = step;
  call.layer = layer;
  call.branch = branch;
  call.qLen = call.kvLen = m_options.grid.count();
  call.blockQ = call.blockK = m_options.blockSize;
  call.plan = dense ? "dense" : search ? "search" : "reuse";
  call.startNs = m_nowNs;

  const size_t first =
      (size_t(layer) * size_t(m_options.branches) + size_t(branch)) * size_t(m_options.heads);
  double kept = 0;
  for (int32_t head = 0; head < m_options.heads; ++head) {
    record.heads.push_back(addHead(m_heads[first + size_t(head)], step, search, record));
    record.decisions.push_back(decide(step, search));
    kept += record.heads.back().densityQk;
  }
  const double density = kept / m_options.heads;

  launch(kNorm, 1, 0, db::LinkMethod::None);
  launch(kQkvGemm, 1, 0, db::LinkMethod::None);
  if (search) {
    launch(kSearch, 1, call.id, db::LinkMethod::NvtxRange);
    call.searchNs = m_lastDurationNs;
  }
  launch(kAttention, (0.06 + 0.94 * density) * m_options.slowdown, call.id, db::LinkMethod::Correlation);
  call.kernelNs = m_lastDurationNs;
  for (const KernelKind kind : {kProjection, kMlpUp, kMlpDown}) launch(kind, 1, 0, db::LinkMethod::None);
  for (int64_t i = 0; i < m_extraKernels; ++i) launch(kElementwise, 1, 0, db::LinkMethod::None);

  call.recordNs = 2'000;
  call.flopsDense = 4.0 * m_options.heads * double(call.qLen) * double(call.kvLen) * m_options.headDim;
  call.flopsDone = call.flopsDense * density;
  for (db::HeadStats& stats : record.heads) {  // one launch holds all heads: shared out by kept blocks
    stats.timeNs = int64_t(double(call.kernelNs) * stats.densityQk / kept);
    stats.timeMethod = db::TimeMethod::Attributed;
  }
  m_writer.push(std::move(record));
}

db::HeadDecision TraceMaker::decide(int32_t step, bool search) const {
  db::HeadDecision decision;
  decision.method = "topk";
  const bool dense = step < m_options.denseSteps;
  decision.choice = dense ? "dense" : "topk";
  decision.budget = dense ? 1.0f : float(m_options.density);
  if (!dense && !search) decision.sourceStep = step - (step - m_options.denseSteps) % m_options.searchEvery;
  return decision;
}

db::HeadStats TraceMaker::addHead(Head& head, int32_t step, bool search, db::AttnRecord& record) {
  SyntheticHead::State now = head.model.at(step, m_options.steps);
  const int32_t blocks = now.mass.rows;
  if (search) head.plan = topKMask(now.mass, m_options.density);
  BlockMask mask = step < m_options.denseSteps ? BlockMask(blocks, blocks, db::BlockState::Full) : head.plan;

  db::HeadStats stats = statsOf(now.mass, mask, now.lse, head.lastLse);
  if (!head.lastMask.empty()) stats.maskDrift = float(1 - db::jaccard(mask, head.lastMask));

  record.curves.push_back(recallCurveOf(now.mass));
  if (m_options.record == db::RecordLevel::Full) {
    std::vector<float> rows;
    for (int64_t row = 0; row < m_options.grid.count(); ++row) {
      rows.push_back(now.lse[size_t(row / m_options.blockSize)] +
                     0.3f * noise(m_options.seed, uint64_t(row)));
    }
    record.lseRows.push_back(std::move(rows));
  }
  record.lseBlocks.push_back(now.lse);
  head.lastLse = std::move(now.lse);
  head.lastMask = mask;
  record.masks.push_back(std::move(mask));
  if (m_options.record != db::RecordLevel::Stats) record.masses.push_back(std::move(now.mass));
  return stats;
}

}  // namespace

void makeSyntheticTrace(const std::filesystem::path& path, const SyntheticTraceOptions& options) {
  TraceMaker(path, options).write();
}

}  // namespace ditscope::tests
