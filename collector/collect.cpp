// SPDX-License-Identifier: Apache-2.0
#include "collector/collect.h"

#include <ATen/ATen.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>

#include "collector/environment.h"
#include "collector/frames.h"
#include "collector/memory.h"
#include "collector/placement.h"
#include "collector/run_device.h"
#include "collector/safetensors.h"
#include "collector/session.h"

namespace ditscope::collector {
namespace {

namespace fs = std::filesystem;
constexpr int kOverheadSteps = 3;  // first steps, of one timed generation

// The trace of a generation that is only timed.
struct ScratchTrace {
  fs::path path;
  ~ScratchTrace() {
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) fs::remove(path.string() + suffix, ignored);
  }
};

void addOverhead(const CollectOptions& options, const Session& session, RunDevice& place,
                 ProgressLine& progress, db::Run& run) {
  const ScratchTrace scratch{options.out.string() + ".overhead"};
  int generations = 0;
  progress.start("measuring the cost of recording", 2 * (options.overheadRounds + 1));
  const auto seconds = [&](const RunClock& clock) {
    progress.update(++generations);
    return double(clock.now()) * 1e-9;
  };
  const auto off = [&] {
    const RunClock clock;
    session.generate(clock, nullptr, {}, kOverheadSteps);
    return seconds(clock);
  };
  const auto on = [&] {
    db::WriterOptions writerOptions;
    writerOptions.overwrite = true;
    db::TraceWriter writer(scratch.path, run, writerOptions);
    const int64_t device = place.addTo(writer);
    const RunClock clock;
    RunDevice::Span span(place, writer, device, clock);
    Recorder recorder(writer, place.recordOptions(options.record), clock, device, run.nLayers);
    session.generate(
        clock, &recorder, [&writer](const db::Step& step, const at::Tensor&) { writer.push(step); },
        kOverheadSteps);
    writer.flush();
    const double taken = seconds(clock);
    span.finish();  // once a run, however long that is
    return taken;
  };
  const Overhead overhead = measureOverhead(options.overheadRounds, off, on);
  if (session.stopped()) return;
  run.overheadRatio = overhead.ratio;
  run.overheadLo = overhead.lo;
  run.overheadHi = overhead.hi;
}

}  // namespace

CollectSummary collect(const CollectOptions& options, ProgressLine& progress,
                       const std::function<bool()>& stop) {
  useAllCores();
  keepFreedMemory();
  const LoadOptions where = choosePlacement(options.device, options.dtype);
  RunDevice place(where, options.cupti);
  const Session session(options, stop, where);
  CollectSummary summary;
  summary.warnings = place.warnings();
  db::Run& run = summary.run = session.describe();
  place.describe(run);
  db::WriterOptions writerOptions;
  writerOptions.overwrite = options.overwrite;
  db::TraceWriter writer(options.out, run, writerOptions);
  for (const db::Layer& layer : session.layers()) writer.addLayer(layer);
  const int64_t device = place.addTo(writer);
  if (options.overheadRounds > 0) addOverhead(options, session, place, progress, run);

  run.startedUtcNs = std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  const RunClock clock;
  RunDevice::Span span(place, writer, device, clock);
  Recorder recorder(writer, place.recordOptions(options.record), clock, device, run.nLayers);
  TensorMap latents;  // of each step, at record level full
  int recordedSteps = 0;
  progress.start("recording", options.steps);
  const Generation generation =
      session.generate(clock, &recorder, [&](const db::Step& step, const at::Tensor& now) {
        writer.push(step);
        recordedSteps = step.index + 1;
        if (!now.defined()) return;
        if (options.record.level == db::RecordLevel::Full)
          latents[fmt::format("latents.{}", step.index)] = now.to(at::kCPU);
        progress.update(recordedSteps);
      });
  summary.attention = generation.attention;
  summary.density = recorder.meanDensity();
  summary.interrupted = !generation.latents.defined();
  if (summary.interrupted) {
    writer.addDiagnostic(
        {clock.now(), "warning", fmt::format("interrupted in step {} of {}", recordedSteps, options.steps)});
  }
  run.nSteps = recordedSteps;
  run.durationNs = clock.now();
  span.finish();
  writer.finalise(run);
  if (!latents.empty()) {
    writeSafetensors(fs::path(options.out).replace_extension(".latents.safetensors"), latents);
  }
  if (!summary.interrupted && !options.frames.empty()) writeFrames(generation.latents, options.frames);
  return summary;
}

}  // namespace ditscope::collector
