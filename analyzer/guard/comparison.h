// SPDX-License-Identifier: Apache-2.0
// Whether kernels got slower from one set of runs to another: series are paired, each pair is judged, and the
// whole gets one verdict.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "analyzer/guard/launch_series.h"
#include "analyzer/guard/run_statistics.h"
#include "analyzer/guard/verdict.h"
#include "analyzer/progress.h"

namespace ditscope::analyzer {

struct CompareRule {
  VerdictRule verdict;
  bool acrossDevices = false;  // devices of one model are compared with each other, with a wider floor
  bool acrossDrivers = false;
  bool acrossClocks = false;   // other clock policies and caches
  bool unclearPasses = false;  // exit code 0 and not 2
  double clearShare = 0.5;  // of the base's kernel time that must have a verdict, else the whole is unclear
  std::vector<std::string> kernels;  // only those whose name holds one of these; empty = all
};

// GPUs of one model differ: of the kernels of one run on two H100 a tenth differed by 2.3 % or more.
inline constexpr double kBetweenDevices = 0.025;

struct ComparedSeries {
  SeriesKey key;                                     // of the base
  std::string note;                                  // how the new one differs: registers, shared memory
  std::vector<RunStatistics> baseRuns{}, newRuns{};  // one a run that has the series
  ShiftEvidence evidence{};
  Judgement judgement{};
  double baseNs = 0, newNs = 0;  // time of all launches, mean over the runs
  // Kernel time that a run gained (or, below 0, lost) by it.
  [[nodiscard]] double costNs() const;
};

struct Unpaired {
  SeriesKey key;
  double ns = 0;
};

struct ComparedRun {
  std::string file;
  db::Run run;
  std::vector<db::Device> devices;
  std::vector<db::HealthCounter> losses;
  std::vector<db::Circumstance> circumstances;
};

struct Comparison {
  CompareRule rule;
  std::vector<ComparedRun> base, next;
  std::vector<ComparedSeries> series;       // by verdict, in its order; the largest first
  std::vector<Unpaired> onlyBase, onlyNew;  // the largest first
  std::vector<std::string> notes;
  Verdict verdict = Verdict::Unclear;
  bool likely = false;
  std::string reason;
  double clearShare = 0;                  // of the base's kernel time
  ScreeningCounts baseCounts, newCounts;  // of the paired series

  [[nodiscard]] int64_t count(Verdict verdict) const;
};

// Throws db::Cancelled.
[[nodiscard]] Comparison compare(std::span<const RunSeries> base, std::span<const RunSeries> next,
                                 const CompareRule& rule, const Progress& progress = {});

}  // namespace ditscope::analyzer
