// SPDX-License-Identifier: Apache-2.0
#include "analyzer/history/history_add.h"

#include <algorithm>
#include <map>

#include "analyzer/guard/run_statistics.h"

namespace ditscope::analyzer {
namespace {

std::string factOf(const RunSeries& run, std::string_view name) {
  const auto fact = std::ranges::find(run.circumstances, name, &db::Circumstance::name);
  return fact == run.circumstances.end() ? "" : fact->value;
}

std::string machineOf(const RunSeries& run) {
  std::string text;
  const auto add = [&](const char* what, const std::string& value) {
    if (!value.empty()) text += (text.empty() ? "" : ", ") + std::string(what) + " " + value;
  };
  add("driver", run.run.driver);
  add("CUDA", run.run.cuda);
  add("LibTorch", run.run.torch);
  add("BLAS", run.run.blas);
  add("clock policy", factOf(run, "clock_policy"));
  add("compiler", factOf(run, "compiler"));
  return text;
}

bool isWanted(const SeriesKey& key, const std::vector<std::string>& kernels) {
  return kernels.empty() || std::ranges::any_of(kernels, [&](const std::string& text) {
           return key.kernel.find(text) != std::string::npos;
         });
}

}  // namespace

NewPoints pointsOf(const RunSeries& run, const AddOptions& options) {
  NewPoints added;
  added.run = {.uuid = run.run.uuid,
               .startedUtcNs = run.run.startedUtcNs,
               .file = run.file,
               .gitCommit = options.commit.value_or(run.run.gitCommit),
               .branch = options.branch.value_or(factOf(run, "git_branch")),
               .machine = machineOf(run)};
  struct Gathered {
    std::vector<Launch> launches;
    double deviceClockHz = 0;
  };
  std::map<SeriesKey, Gathered> gathered;
  for (const auto& [key, series] : run.series) {
    if (!isWanted(key, options.kernels)) continue;
    SeriesKey kept = key;
    kept.registersPerThread = 0;
    kept.staticSharedBytes = kept.dynamicSharedBytes = 0;
    Gathered& one = gathered[kept];
    one.launches.insert(one.launches.end(), series.launches.begin(), series.launches.end());
    one.deviceClockHz = series.deviceClockHz;
  }
  for (const auto& [key, one] : gathered) {
    const RunStatistics s = statisticsOf(screen(one.launches, one.deviceClockHz, options.screening));
    if (s.samples < options.screening.minSamples) {
      ++added.tooFew;
      continue;
    }
    added.points.emplace_back(
        db::HistorySeries{.kernel = key.kernel, .description = describe(key), .device = key.device},
        db::HistoryPoint{.samples = s.samples,
                         .medianNs = s.median,
                         .q1Ns = s.q1,
                         .q3Ns = s.q3,
                         .minNs = s.min,
                         .clockHz = s.clockHz});
  }
  return added;
}

}  // namespace ditscope::analyzer
