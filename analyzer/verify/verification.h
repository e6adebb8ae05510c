// SPDX-License-Identifier: Apache-2.0
// What a sparsity configuration promised against what a run with it measured, head by head and as a whole.
// Compared are the cells whose steps the configuration does not compute densely; what is predicted of a head
// is the mean over its cells, as what is measured. Times in ns, the rest fractions; NaN = not known.
// Beside `expected` a choice may hold intervals, {"recall": [lo, hi], "time_ns": [lo, hi], ...}, as the
// extension x-ditscope-interval.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/trace_summary.h"
#include "analyzer/tune/candidate.h"
#include "analyzer/verify/calibration.h"
#include "db/config.h"

namespace ditscope::analyzer {

enum class Measure : uint8_t { Density, Recall, Error, Time };
inline constexpr size_t kMeasures = static_cast<size_t>(Measure::Time) + 1;

struct HeadCheck {
  HeadKey key;
  std::string method;                 // of its first compared cell
  bool sparse = false;                // any of its cells has a method other than dense
  std::array<Pair, kMeasures> pairs;  // means over its cells
  double denseNs = kNaN;              // its time in the dense recording, over the same cells
  [[nodiscard]] const Pair& operator[](Measure m) const { return pairs[static_cast<size_t>(m)]; }
};

struct AttentionTime {  // self-attention of a whole run
  int64_t kernelNs = 0;
  int64_t searchNs = 0;
  [[nodiscard]] int64_t total() const { return kernelNs + searchNs; }
};

enum class Target : uint8_t { Recall, Error, Speedup };

struct Promise {  // extension x-ditscope-tune: {"target", "value", "predicted": {"speedup", ...}}, the last
                  // if known
  Target target = Target::Recall;
  double value = kNaN;
  double predicted = kNaN, measured = kNaN;
  bool kept = false;
};

struct Verification {
  std::string configFile, denseFile, runFile;
  std::vector<HeadCheck> heads;                    // by layer, head, branch
  std::array<Calibration, kMeasures> calibration;  // over the heads that are sparse
  double recall = kNaN, error = kNaN;              // measured, mean over all compared cells
  AttentionTime dense, run;
  // Predicted by the tuner, else from the expected times, dense cells as in the dense recording.
  double speedup = kNaN, predictedSpeedup = kNaN;
  Summary rounds;  // speed-ups of the rounds that `speedup` is the median of; none: the two recordings
  double flopsShare = kNaN;  // attention FLOPs of the run / of the dense one
  std::optional<Promise> promise;
  std::vector<std::string> notes;  // what a reader should know about the comparison
  [[nodiscard]] int64_t sparseHeads() const;
};

struct Recording {
  std::string file;
  TraceFacts facts;
};

// Throws db::Error, naming what differs, unless all three are of one model, size, seed and schedule, `dense`
// is dense, and `run` was recorded with the configuration and with block masses.
// speedups: of dense and configured runs that took turns; without them that of the two recordings counts.
[[nodiscard]] Verification verify(const std::string& configFile, const db::SparsityConfig& config,
                                  const Recording& dense, const Recording& run,
                                  const std::vector<double>& speedups = {});
[[nodiscard]] AttentionTime attentionOf(const Recording& recording);

}  // namespace ditscope::analyzer
