// SPDX-License-Identifier: Apache-2.0
#include "analyzer/exchange/like.h"

#include <algorithm>
#include <fstream>

#include "db/config_file.h"
#include "db/error.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {
namespace {

constexpr double kTrainingSteps = 1000;  // of the models' timesteps

}  // namespace

db::SparsityConfig configLike(const db::Run& run, const std::string& name) {
  db::SparsityConfig config;
  config.model = {run.model, run.nLayers, run.nHeads, run.seqLen, run.grid, run.text};
  config.scheduler = run.scheduler;
  config.steps = run.nSteps;
  config.blockQ = run.blockQ;
  config.blockK = run.blockK;
  config.guidance = run.guidance;
  config.traces = {run.uuid};
  // A run that was imported may lack what a configuration needs; that is said here, with the place.
  return db::parseConfig(db::configText(config, name), name);
}

bool isTraceFile(const std::filesystem::path& path) {
  constexpr std::string_view kStart = "SQLite format 3";
  std::string start(kStart.size(), '\0');
  std::ifstream(path, std::ios::binary).read(start.data(), std::streamsize(start.size()));
  return start == kStart;
}

db::SparsityConfig configLike(const std::filesystem::path& path) {
  if (isTraceFile(path)) return configLike(db::TraceReader(path).run(), path.string());
  db::SparsityConfig config = db::readConfig(path);
  config.defaults = {};
  config.schedule.clear();
  config.overrides.clear();
  config.extensions.clear();
  return config;
}

std::vector<double> stepTimes(const std::filesystem::path& trace) {
  if (!isTraceFile(trace))
    throw db::Error(db::Error::Kind::BadInput, "--like " + trace.string(),
                    "it is no trace, which alone has the times of steps", "give a recorded run");
  std::vector<double> times;
  for (const db::Step& step : db::TraceReader(trace).steps()) times.push_back(step.timestep);
  const bool inThousands = std::ranges::any_of(times, [](double time) { return time > 1; });
  for (double& time : times) time /= inThousands ? kTrainingSteps : 1;
  const bool falling = std::ranges::adjacent_find(times, std::less_equal<>()) == times.end();
  return falling ? times : std::vector<double>();
}

}  // namespace ditscope::analyzer
