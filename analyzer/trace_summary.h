// SPDX-License-Identifier: Apache-2.0
// What is in a trace, capture health first: everything `ditscope info` and the summary pane show.
// Times in ns; fractions in [0, 1]; NaN = not measured.
#pragma once

#include <string>
#include <vector>

#include "analyzer/head_table.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {

struct TraceFacts {  // all that the summary is made of, as read
  db::Run run;
  std::vector<db::Device> devices;
  std::vector<db::Layer> layers;
  std::vector<db::Step> steps;
  std::vector<db::HealthCounter> health;
  std::vector<db::Diagnostic> diagnostics;
  std::vector<db::AttnCall> calls;
  std::vector<db::HeadRow> heads;
  int64_t kernelCount = 0;
};
[[nodiscard]] TraceFacts readFacts(const db::TraceReader& reader);

struct DensityPair {  // weighted by the blocks of each call: all kept blocks / all valid blocks
  double qk = kNaN;
  double pv = kNaN;
};

struct WorstHead {
  int32_t layer = 0;
  int32_t head = 0;
  double recall = kNaN;     // mean over its sparse calls
  double recallP05 = kNaN;  // the lowest of its sparse calls, at worstStep
  int32_t worstStep = -1;
};

struct TimeSplit {            // over the whole run
  double samplingNs = kNaN;   // steps without the recording
  double attentionNs = kNaN;  // kernels
  double searchNs = kNaN;     // mask search and plan building
  double otherNs = kNaN;      // the rest of sampling; NaN when parts overlap so that there is no rest
  double recordNs = kNaN;     // on top of sampling
};

struct TraceSummary {
  db::Run run;
  std::vector<db::Device> devices;
  int64_t stepsRecorded = 0;
  int64_t calls = 0;
  int64_t sparseCalls = 0;  // neither a dense nor a search plan
  int64_t cells = 0;        // heads of all calls
  int64_t kernels = 0;

  // Capture health: an empty list and a finalised file mean that nothing is known to be missing.
  std::vector<db::HealthCounter> losses;    // counters that are not zero
  std::vector<db::Diagnostic> diagnostics;  // warnings and errors
  int64_t countersZero = 0;
  [[nodiscard]] bool healthy() const { return run.finalised && losses.empty() && diagnostics.empty(); }

  bool overheadMeasured = false;
  DensityPair densityAll, densitySparse;
  Summary recallSparse, recallP05Sparse;  // over the cells of sparse calls
  std::vector<WorstHead> worstHeads;      // up to five, lowest recall first
  double flopsShare = kNaN;               // attention FLOPs done / dense
  TimeSplit time;
  DecisionCounts decisions;  // of all cells
};
[[nodiscard]] bool isSparse(const db::AttnCall& call);
[[nodiscard]] TraceSummary summarise(const TraceFacts& facts);

}  // namespace ditscope::analyzer
