// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/step_times.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace ditscope::gui {
namespace {

constexpr double kMs = 1e-6;  // of a nanosecond

struct StepSums {
  double attention = 0, search = 0, record = 0;
};

}  // namespace

double StepTimes::total(size_t at) const {
  return attention[at] + search[at] + (std::isfinite(rest[at]) ? rest[at] : 0);
}

double StepTimes::top() const {
  double top = 0;
  for (size_t i = 0; i < steps.size(); ++i) top = std::max(top, total(i) + record[i]);
  return top;
}

StepTimes stepTimes(const Trace& trace) {
  std::map<int, StepSums> sums;
  for (const int step : trace.extent.steps) sums[step];
  for (const db::AttnCall& call : trace.facts.calls) {
    StepSums& sum = sums[call.step];
    sum.attention += double(call.kernelNs) * kMs;
    sum.search += double(call.searchNs) * kMs;
    sum.record += double(call.recordNs) * kMs;
  }
  StepTimes times;
  for (const auto& [index, sum] : sums) {
    times.steps.push_back(index);
    times.attention.push_back(sum.attention);
    times.search.push_back(sum.search);
    times.record.push_back(sum.record);
    const db::Step* step = trace.step(index);
    const double span = step ? double(step->endNs - step->startNs) * kMs : 0;
    const double rest = span - sum.attention - sum.search - sum.record;
    times.rest.push_back(span > 0 && rest >= 0 ? rest : analyzer::kNaN);
  }
  return times;
}

StepTimes difference(const StepTimes& before, const StepTimes& after) {
  StepTimes times;
  for (size_t i = 0; i < after.steps.size(); ++i) {
    const auto found = std::find(before.steps.begin(), before.steps.end(), after.steps[i]);
    if (found == before.steps.end()) continue;
    const auto at = size_t(found - before.steps.begin());
    times.steps.push_back(after.steps[i]);
    times.attention.push_back(after.attention[i] - before.attention[at]);
    times.search.push_back(after.search[i] - before.search[at]);
    times.record.push_back(after.record[i] - before.record[at]);
    times.rest.push_back(after.rest[i] - before.rest[at]);
  }
  return times;
}

}  // namespace ditscope::gui
