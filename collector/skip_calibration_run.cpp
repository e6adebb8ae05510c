// SPDX-License-Identifier: Apache-2.0
#include "collector/skip_calibration_run.h"

#include <ATen/ATen.h>
#include <fmt/core.h>

#include "collector/session.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

using CountsByHead = std::map<std::pair<int, int>, SkipCounts>;

struct SampleCounts {
  CountsByHead heads;
  int64_t keys = 0;
};

// Dense attention that shows its gaps.
class GapCounter final : public Method {
 public:
  GapCounter(int denseSteps, SampleCounts& counts) : m_denseSteps(denseSteps), m_counts(counts) {}

  Plan plan(const MethodCall& call) override { return {.wantGaps = call.step >= m_denseSteps}; }

  void observe(const MethodCall& call, MethodResult& result) override {
    if (!result.gaps.defined()) return;
    m_counts.keys = call.keys();
    const at::Tensor gaps = result.gaps.contiguous();
    const auto perHead = size_t(gaps[0].numel());
    for (int64_t head = 0; head < call.heads(); ++head) {
      m_counts.heads[{call.layer, int(head)}].add({gaps.data_ptr<float>() + size_t(head) * perHead, perHead});
    }
  }

 private:
  int m_denseSteps;
  SampleCounts& m_counts;
};

SkipCounts sumOf(const CountsByHead& heads) {
  SkipCounts sum;
  for (const auto& [place, counts] : heads) sum.add(counts);
  return sum;
}

void append(std::vector<SkipPoint>& points, const std::vector<SkipPoint>& more) {
  points.insert(points.end(), more.begin(), more.end());
}

SkipMeasurement fit(const std::vector<SampleCounts>& samples) {
  SkipMeasurement result;
  std::map<std::pair<int, int>, std::vector<SkipPoint>> pointsOfHead;
  for (const SampleCounts& sample : samples) {
    append(result.points, skipPoints(sumOf(sample.heads), sample.keys));
    for (const auto& [place, counts] : sample.heads) {
      append(pointsOfHead[place], skipPoints(counts, sample.keys));
    }
    result.keys = sample.keys;
  }
  const std::optional<SkipCurve> global = fitSkipCurve(result.points);
  if (!global) {
    throw db::Error(
        db::Error::Kind::BadInput, "calibration",
        fmt::format("fewer than 3 of {} points lie at a sparsity of 0.1 to 0.9", result.points.size()),
        "use smaller blocks, more samples or a larger model");
  }
  result.calibration.global = *global;
  for (const auto& [place, points] : pointsOfHead) {
    if (const auto curve = fitSkipCurve(points)) result.calibration.heads[place] = *curve;
  }
  return result;
}

}  // namespace

SkipMeasurement calibrateSkips(const SkipCalibrationOptions& options, ProgressLine& progress,
                               const std::function<bool()>& stop) {
  const int steps = options.run.steps;
  if (options.denseSteps >= steps) {
    throw db::Error(db::Error::Kind::BadInput, fmt::format("--dense-steps {}", options.denseSteps),
                    fmt::format("no step of {} is left", steps), "give fewer dense steps or more steps");
  }
  const Session session(options.run, stop);
  const RunClock clock;
  progress.start("calibrating", steps * int(options.samples.size()));
  std::vector<SampleCounts> samples(options.samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    CollectOptions run = options.run;
    run.label = options.samples[i].label;
    run.seed = options.samples[i].seed;
    InstrumentedAttention attention(std::make_unique<GapCounter>(options.denseSteps, samples[i]), run.block,
                                    clock, nullptr, stop);
    const at::Tensor latents = sample(
        session.denoiser(), *session.newSampler(steps), attention, session.request(run), clock,
        [&](const db::Step& step, const at::Tensor&) { progress.update(int(i) * steps + step.index + 1); });
    if (!latents.defined()) return {.interrupted = true};
  }
  return fit(samples);
}

}  // namespace ditscope::collector
