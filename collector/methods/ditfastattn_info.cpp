// SPDX-License-Identifier: Apache-2.0
// DiTFastAttn as a method of the command line: its parameters, and the plans of its simple strategies.
#include <fmt/format.h>

#include <map>

#include "collector/methods/arrow_attention.h"
#include "collector/methods/ditfastattn.h"
#include "collector/methods/periodic_schedule.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

using Attention = Treatment::Attention;

const std::map<std::string, Treatment> kStrategies = {{"wars", {Attention::Window, false}},
                                                      {"ast", {Attention::Share, false}},
                                                      {"asc", {Attention::Full, true}},
                                                      {"wars_asc", {Attention::Window, true}}};

// One treatment wherever `schedule` does not ask for full attention.
CompressionPlan uniformPlan(const Treatment& treatment, const PeriodicSchedule& schedule,
                            const SamplingPlan& sampling) {
  CompressionPlan plan(sampling.steps(), sampling.layers);
  for (int step = 0; step < sampling.steps(); ++step) {
    for (int layer = 0; layer < sampling.layers; ++layer) {
      if (!schedule.isDense(step, layer)) plan.at(step, layer) = treatment;
    }
  }
  return plan;
}

CompressionPlan storedPlan(const std::string& file, const DenseSchedule& schedule,
                           const SamplingPlan& sampling) {
  CompressionPlan plan = CompressionPlan::read(file);
  const auto check = [&file](const char* things, int planned, int run) {
    if (planned == run) return;
    throw db::Error(
        db::Error::Kind::BadInput, "compression plan " + file,
        fmt::format("it is for {} {}, the run has {}", planned, things, run),
        fmt::format("search a plan for this model and number of steps, or give {} {}", planned, things));
  };
  check("layers", plan.layers(), sampling.layers);
  check("steps", plan.steps(), sampling.steps());
  for (int step = 0; step < plan.steps(); ++step) {
    for (int layer = 0; layer < plan.layers(); ++layer) {
      if (schedule.isDense(step, layer)) plan.at(step, layer) = {};
    }
  }
  return plan;
}

std::unique_ptr<Method> makeDitFastAttn(const Parameters& p, const SamplingPlan& sampling) {
  const std::string& file = p.word("plan");
  if (!file.empty()) {
    return std::make_unique<DitFastAttn>(storedPlan(file, DenseSchedule(p, sampling), sampling));
  }
  const PeriodicSchedule schedule(p, sampling, p.integer("refresh"));
  if (p.word("strategy") == "arrow") return makeArrowAttention(p.number("alpha"), schedule);
  CompressionPlan plan = uniformPlan(kStrategies.at(p.word("strategy")), schedule, sampling);
  plan.window = p.number("window");
  return std::make_unique<DitFastAttn>(std::move(plan));
}

}  // namespace

MethodInfo ditfastattn() {
  return {
      "ditfastattn",
      "reuses what changes little: the residual of a window, an output, the other branch's output",
      "DiTFastAttn, arXiv 2406.08552; strategy=arrow: DiTFastAttnV2, arXiv 2503.22796",
      "a window pass at each dense step before a window (arrow: three); memory: up to two outputs per layer "
      "and branch",
      Knob{"window", 0.0005, 1, true},
      withSchedule(
          {word("strategy", "wars", {"wars", "ast", "asc", "wars_asc", "arrow"},
                "window and residual, output of the step before, output of the other branch, first and "
                "third together; arrow: per head by measured error"),
           number("window", "0.125", 0, 1, "keys on either side, as a share of the image or video tokens"),
           integer("refresh", "5", 0, 10000, "dense again in steps that are its multiples; 0 = never"),
           number("alpha", "0.2", 0, 1000, "bound of the summed relative squared errors of a layer; arrow"),
           text("plan", "", "file of ditscope collect plan; replaces strategy, window and refresh")},
          {.steps = 1}),
      makeDitFastAttn,
      /*onDevice=*/true};
}

}  // namespace ditscope::collector
