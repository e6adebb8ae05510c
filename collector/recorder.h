// SPDX-License-Identifier: Apache-2.0
// Turns what the attention kernels give into the records of a trace: densities, masks and their drift, LSE
// summaries and drift against the step before, and, where masses were measured, recall, entropy and error.
// The LSE of a sparse call is over the keys it kept, so LSE drift is of dense LSEs where both steps have them
// (dense calls, or measured with the masses), else of two sparse calls, else not measured.
// Serves one generation; one thread at a time records.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "collector/kept_masks.h"
#include "collector/methods/method.h"
#include "collector/plan_runner.h"
#include "collector/run_clock.h"
#include "db/trace_writer.h"

namespace ditscope::collector {

struct RecordOptions {
  db::RecordLevel level = db::RecordLevel::Stats;
  std::set<int> layers;  // that get masses; empty = all
  int everyStep = 1;     // masses in steps 0, everyStep, 2 * everyStep, ...
  bool launches = true;  // as kernels of the trace; false where a profiler brings every kernel
};

// One self-attention call of one branch.
struct Observation {
  db::AttnCall call;  // the recorder fills flops and recordNs
  Plan plan;
  PlanResult result;               // with keptBits and counters, unless every launch computed all blocks
  at::Tensor out;                  // [1, H, Nq, D] what the model went on with, after the method
  std::optional<PlanResult> full;  // dense attention on the same inputs, with rowLogMass; when measured
  at::Tensor mass;                 // [1, H, g, t] of `full`
  at::Tensor rowEntropy, errorL1;  // [H] f32 where they are known already, else derived from `full`
  std::string kernelName;
  int64_t recordStartNs = 0;        // when measuring for the trace began
  std::optional<int64_t> recordNs;  // what it took, where it is over
};

class Recorder {
 public:
  // `writer` and `clock` outlive it; selfLayers: number of layers with self-attention.
  Recorder(db::TraceWriter& writer, RecordOptions options, const RunClock& clock, int64_t deviceId,
           int selfLayers);

  [[nodiscard]] bool wantsMass(int step, int layer) const;      // from any thread
  [[nodiscard]] int64_t newCallId() { return m_nextCallId++; }  // from the sampling thread, at any time
  // All tensors in host memory.
  void record(Observation observation);
  // Cross attention of a layer; it has an index of its own in the trace, after the self-attention layers.
  // Of q only the shape is read.
  void recordTimeOnly(db::AttnCall call, const LaunchTime& launch, const at::Tensor& q,
                      const std::string& kernelName);
  // Of score blocks, over all recorded self-attention calls.
  [[nodiscard]] double meanDensity() const { return m_calls == 0 ? 0 : m_densitySum / double(m_calls); }

 private:
  enum class LseOver : uint8_t { Nothing, KeptKeys, AllKeys };
  struct Previous {                // of one (layer, branch)
    at::Tensor lse;                // [1, H, Nq]
    std::vector<LseOver> lseOver;  // [H]
    std::vector<db::BlockMask> masks;
    std::vector<db::TokenOrder> orders;  // [H], of the masks
    std::vector<bool> ran;               // [H], false = the head's output was given
  };
  using Heads = std::vector<HeadLaunch>;
  static void addKept(const Observation& seen, const Heads& heads, db::AttnRecord& record);
  static void addDecisions(const Observation& seen, const Heads& heads, db::AttnRecord& record);
  static void addLse(const Observation& seen, const Heads& heads, db::AttnRecord& record);
  void addDrift(const Observation& seen, const Heads& heads, db::AttnRecord& record);
  static void addMass(const Observation& seen, const Heads& heads, db::AttnRecord& record);
  void pushKernel(const db::AttnCall& call, const LaunchTime& launch, int64_t heads, const std::string& name);

  db::TraceWriter& m_writer;
  RecordOptions m_options;
  const RunClock& m_clock;
  int64_t m_deviceId;
  int m_selfLayers;
  int64_t m_nextCallId = 1;
  int64_t m_calls = 0;
  double m_densitySum = 0;  // of the calls' mean densities
  std::map<std::pair<int, db::Branch>, Previous> m_previous;
};

}  // namespace ditscope::collector
