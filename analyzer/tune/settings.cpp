// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/settings.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "analyzer/tune/reuse.h"

namespace ditscope::analyzer {
namespace {

// Fine enough that the best single setting for all heads is no straw man.
constexpr double kDensities[] = {0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
constexpr double kShares[] = {0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99};
constexpr int32_t kSearchEvery[] = {5, 10, 10000};  // the last one searches once

bool has(const SettingsQuery& query, const char* method) {
  return std::ranges::count(query.methods, method) > 0;
}

std::set<int32_t> intervals(int32_t steps, int32_t denseSteps) {
  std::set<int32_t> all;
  for (const int32_t every : kSearchEvery) all.insert(std::min(every, std::max(steps - denseSteps + 1, 2)));
  return all;
}

db::MethodChoice setting(const char* method, const char* key, double value, int32_t searchEvery,
                         int32_t denseSteps) {
  return {.method = method,
          .parameters = {{key, value},
                         {"source", std::string("previous")},
                         {"search_every", double(searchEvery)},
                         {"dense_steps", double(denseSteps)}}};
}

db::MethodChoice ofHead(db::MethodChoice choice) {
  choice.parameters["scope"] = std::string("head");
  return choice;
}

void addWindows(const db::Run& run, int32_t denseSteps, std::vector<db::MethodChoice>& settings) {
  const auto add = [&](const char* key, double value) {
    settings.push_back(
        {.method = "window", .parameters = {{key, value}, {"dense_steps", double(denseSteps)}}});
  };
  if (run.grid.frames > 2 && run.grid.rows * run.grid.cols > 0)
    for (const int32_t frames : {0, 1, 2})
      if (2 * frames + 1 < run.grid.frames) add("frames", frames);
  for (const double share : {0.05, 0.15})
    if (const double tokens = std::floor(share * double(run.seqLen)); tokens >= 1) add("tokens", tokens);
}

}  // namespace

std::vector<db::MethodChoice> uniformSettings(const db::Run& run, const SettingsQuery& query) {
  std::vector<db::MethodChoice> settings;
  // A second schedule spends a tenth of the steps more on dense ones.
  const int32_t later = query.denseSteps + std::max(run.nSteps / 10, 1);
  for (const int32_t every : intervals(run.nSteps, query.denseSteps)) {
    for (const int32_t dense : {query.denseSteps, later}) {
      if (dense != query.denseSteps && (every != 10 || dense >= run.nSteps)) continue;
      if (has(query, "topk"))
        for (const double density : kDensities)
          settings.push_back(setting("topk", "density", density, every, dense));
      if (has(query, "topp"))
        for (const double share : kShares) settings.push_back(setting("topp", "share", share, every, dense));
      if (has(query, "topp"))
        for (const double share : kShares)
          settings.push_back(ofHead(setting("topp", "share", share, every, dense)));
    }
  }
  if (has(query, "window")) addWindows(run, query.denseSteps, settings);
  return settings;
}

std::vector<db::MethodChoice> ownSettings(MassEvaluator& evaluator, int32_t steps,
                                          const SettingsQuery& query) {
  std::set<int32_t> every = intervals(steps, query.denseSteps);
  for (const double recall : query.recalls)
    every.insert(std::clamp(typicalReuse(evaluator, steps, query.denseSteps, recall) + 1, 2,
                            std::max(steps - query.denseSteps + 1, 2)));
  std::vector<db::MethodChoice> settings;
  for (const int32_t interval : every) {
    for (const double recall : query.recalls) {
      if (has(query, "topk"))
        settings.push_back(
            evaluator.cheapest(setting("topk", "density", 1, interval, query.denseSteps), recall));
      if (!has(query, "topp")) continue;
      const db::MethodChoice topp = setting("topp", "share", 1, interval, query.denseSteps);
      settings.push_back(evaluator.cheapest(topp, recall));
      settings.push_back(evaluator.cheapest(ofHead(topp), recall));
    }
  }
  return settings;
}

}  // namespace ditscope::analyzer
