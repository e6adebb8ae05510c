// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/attribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>
#include <utility>

#include "analyzer/import/call_recovery.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {
namespace {

struct ByLane {
  bool operator()(const CapturedKernel& a, const CapturedKernel& b) const {
    const auto key = [](const CapturedKernel& k) {
      return std::tie(k.lane, k.launchNs, k.startNs, k.stream, k.correlation);
    };
    return key(a) < key(b);
  }
};
using KernelsByLane = SpillSorter<CapturedKernel, ByLane>;

constexpr int64_t kRowsPerReport = 50'000;

class Reporter {  // progress of the last part, rows of `total`
 public:
  Reporter(const Progress& progress, int64_t total) : m_progress(progress), m_total(total) {}
  void row() {
    if (++m_done % kRowsPerReport == 0 && m_progress && !m_progress(m_done, m_total)) throw db::Cancelled();
  }

 private:
  const Progress& m_progress;
  int64_t m_total, m_done = 0;
};

// Takes one launch after the other beside the kernels in the same order. Correlation ids come again in long
// runs, and a call of the runtime and one of the driver may share one: the last launch before the kernel
// counts.
class LaunchCursor {
 public:
  explicit LaunchCursor(CaptureBuilder& capture) : m_cursor(capture.launches) { take(); }

  [[nodiscard]] const CapturedLaunch* launchOf(const CapturedKernel& kernel) {
    const auto wanted = std::tie(kernel.process, kernel.correlation);
    while (m_hasNext && keyOf(m_next) < wanted) skip();
    while (m_hasNext && keyOf(m_next) == wanted && (!isUsed(wanted) || m_next.startNs <= kernel.startNs))
      use();
    return isUsed(wanted) ? &m_current : nullptr;
  }
  void finish() {
    while (m_hasNext) skip();
  }
  [[nodiscard]] int64_t unused() const { return m_unused; }  // that should have started a kernel

 private:
  using Key = std::tuple<const int64_t&, const int64_t&>;
  static Key keyOf(const CapturedLaunch& launch) { return std::tie(launch.process, launch.correlation); }
  [[nodiscard]] bool isUsed(const Key& key) const { return m_used && keyOf(m_current) == key; }
  void take() {
    const CapturedLaunch* row = m_cursor.next();
    m_hasNext = row != nullptr;
    if (row != nullptr) m_next = *row;
  }
  void skip() {
    if (m_next.launches != 0 && !isUsed(keyOf(m_next))) ++m_unused;
    take();
  }
  void use() {
    m_current = m_next;
    m_used = true;
    take();
  }

  SpillSorter<CapturedLaunch, ByLaunchKey>::Cursor m_cursor;
  CapturedLaunch m_next, m_current;
  bool m_hasNext = false, m_used = false;
  int64_t m_unused = 0;
};

struct Joined {
  KernelsByLane kernels;
  int64_t orphans = 0;
  int64_t firstNs = std::numeric_limits<int64_t>::max();  // of launches and kernels with a time
  int64_t lastNs = std::numeric_limits<int64_t>::min();
  uint64_t digest[2] = {0, 0};  // of all kernels, in any order
};

void addToDigest(const CapturedKernel& kernel, uint64_t (&digest)[2]) {
  for (uint64_t seed = 0; seed < 2; ++seed) {
    uint64_t hash = mix(seed, uint64_t(kernel.startNs));
    hash = mix(hash, uint64_t(kernel.durationNs));
    hash = mix(hash, uint64_t(kernel.correlation));
    digest[seed] += mix(hash, uint64_t(kernel.device) << 32 | uint32_t(kernel.stream));
  }
}

Joined joinLaunches(CaptureBuilder& capture, Reporter& reporter) {
  Joined joined{.kernels = KernelsByLane(capture.spillFolder(), capture.memoryBytes())};
  int64_t beforeLaunch = 0;
  LaunchCursor launches(capture);
  capture.kernels.drain([&](CapturedKernel kernel) {
    reporter.row();
    const bool timed = (kernel.flags & db::kZeroTime) == 0;
    const CapturedLaunch* launch = kernel.correlation == 0 ? nullptr : launches.launchOf(kernel);
    addToDigest(kernel, joined.digest);
    if (launch != nullptr) {
      kernel.lane = launch->lane;
      kernel.launchNs = launch->startNs;
      joined.firstNs = std::min(joined.firstNs, launch->startNs);
      // Clocks in whole microseconds may put a kernel up to one before its launch.
      if (timed && kernel.startNs + 1000 < launch->startNs) {
        kernel.flags |= db::kBeforeLaunch;
        ++beforeLaunch;
      }
      if (!timed) kernel.startNs = launch->startNs;
    } else {
      kernel.lane = capture.streamLane(kernel.device, kernel.stream);
      kernel.launchNs = kernel.startNs;
      kernel.flags |= db::kOrphan;
      ++joined.orphans;
    }
    if (timed) {
      joined.firstNs = std::min(joined.firstNs, kernel.startNs);
      joined.lastNs = std::max(joined.lastNs, kernel.startNs + kernel.durationNs);
    }
    if (capture.isAttention(kernel.config)) kernel.ownRange = capture.addKernelRange(kernel);
    joined.kernels.add(kernel);
  });
  launches.finish();
  capture.counters["kernels_without_launch"] = joined.orphans;
  capture.counters["kernels_before_their_launch"] = beforeLaunch;
  capture.counters["launches_without_kernel"] = launches.unused();
  return joined;
}

// Which attention call a kernel belongs to; asked in order of lane and launch.
class CallSweep {
 public:
  explicit CallSweep(const RecoveredCalls& calls) : m_calls(calls) {}

  [[nodiscard]] int64_t callOf(const CapturedKernel& kernel) {
    const auto& intervals = m_calls.intervals;
    const auto isBehind = [&](const RecoveredCalls::Interval& interval) {
      return interval.lane < kernel.lane ||
             (interval.lane == kernel.lane && interval.endNs < kernel.launchNs);
    };
    while (m_at < intervals.size() && isBehind(intervals[m_at])) ++m_at;
    if (m_at < intervals.size() && intervals[m_at].lane == kernel.lane &&
        intervals[m_at].startNs <= kernel.launchNs)
      return intervals[m_at].call;
    return kernel.ownRange >= 0 ? m_calls.callOfRange[size_t(kernel.ownRange)] : 0;
  }

 private:
  const RecoveredCalls& m_calls;
  size_t m_at = 0;
};

db::LinkMethod linkOf(const CapturedKernel& kernel, int64_t call) {
  if (call == 0) return db::LinkMethod::None;
  if (kernel.graphNode != 0) return db::LinkMethod::GraphNode;
  return (kernel.flags & db::kOrphan) != 0 ? db::LinkMethod::NvtxRange : db::LinkMethod::Correlation;
}

std::string uuidOf(const uint64_t (&digest)[2]) {  // version 8, RFC 9562: of our own making
  const uint64_t a = (digest[0] & ~uint64_t{0xF000}) | 0x8000;
  const uint64_t b = (digest[1] & ~(uint64_t{3} << 62)) | uint64_t{2} << 62;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", a >> 32, a >> 16 & 0xFFFF, a & 0xFFFF, b >> 48,
                     b & 0xFFFFFFFFFFFF);
}

void completeRun(const CaptureBuilder& capture, const RecoveredCalls& found, const Joined& joined,
                 db::Run& run) {
  run.uuid = run.groupUuid = uuidOf(joined.digest);
  run.source = capture.facts.source;
  run.rank = capture.facts.rank;
  run.driver = capture.facts.driver;
  run.cuda = capture.facts.cuda;
  run.cupti = capture.facts.cupti;
  run.model = cleanText(found.model, db::kMaxNameBytes);
  run.nSteps = int32_t(found.steps.size());
  run.nLayers = int32_t(found.layers.size());
  for (const db::Layer& layer : found.layers) run.nHeads = std::max(run.nHeads, layer.nHeads);
  for (const db::AttnCall& call : found.calls) run.seqLen = std::max(run.seqLen, call.qLen);
}

// Where the capture begins: its first launch, kernel or step.
int64_t originOf(const Joined& joined, const RecoveredCalls& found) {
  int64_t origin = joined.firstNs;
  for (const db::Step& step : found.steps) origin = std::min(origin, step.startNs);
  for (const db::AttnCall& call : found.calls) origin = std::min(origin, call.startNs);
  return origin == std::numeric_limits<int64_t>::max() ? 0 : origin;
}

void writeDimensions(const CaptureBuilder& capture, const RecoveredCalls& found, int64_t origin,
                     db::TraceWriter& writer) {
  for (const db::Device& device : capture.devices) (void)writer.addDevice(device);
  for (const db::Layer& layer : found.layers) writer.addLayer(layer);
  for (db::Step step : found.steps) {
    step.startNs -= origin;
    step.endNs -= origin;
    step.sigma = step.timestep = std::numeric_limits<double>::quiet_NaN();
    writer.push(step);
  }
}

std::vector<int32_t> writeConfigs(const CaptureBuilder& capture, db::TraceWriter& writer) {
  std::vector<int32_t> ids;
  for (const KernelConfig& c : capture.configs()) {
    db::LaunchConfig config;
    config.name = capture.nameOf(c);
    std::ranges::copy(c.grid, config.grid);
    std::ranges::copy(c.block, config.block);
    std::ranges::copy(c.cluster, config.cluster);
    config.registersPerThread = c.registersPerThread;
    config.staticSharedBytes = c.staticSharedBytes;
    config.dynamicSharedBytes = c.dynamicSharedBytes;
    ids.push_back(writer.addLaunchConfig(config));
  }
  return ids;
}

void writeNotes(const CaptureBuilder& capture, const RecoveredCalls& found, int64_t origin,
                db::TraceWriter& writer) {
  for (const auto& [name, value] : capture.counters) writer.setHealth(name, value);
  for (db::Diagnostic note : capture.facts.notes) {
    note.timeNs = note.timeNs == kNoTime ? 0 : std::max<int64_t>(note.timeNs - origin, 0);
    writer.addDiagnostic(note);
  }
  const auto leftOut = [&](int64_t calls, const char* why) {
    if (calls > 0)
      writer.addDiagnostic({0, "info", fmt::format("{} attention calls left out: {}", calls, why)});
  };
  leftOut(found.outsideSteps, "outside of the steps");
  leftOut(found.outsideLayers, "outside of the layers");
  leftOut(found.otherShapes, "their heads are not those of the denoiser");
}

}  // namespace

AttributionResult writeCapture(CaptureBuilder& capture, db::Run& run, db::TraceWriter& writer,
                               const Progress& progress) {
  AttributionResult result;
  result.kernels = int64_t(capture.kernels.size());
  Reporter reporter(progress, 2 * result.kernels);
  Joined joined = joinLaunches(capture, reporter);
  result.orphans = joined.orphans;
  RecoveredCalls found = recoverCalls(capture);
  const int64_t origin = originOf(joined, found);
  completeRun(capture, found, joined, run);
  writeDimensions(capture, found, origin, writer);
  const std::vector<int32_t> configs = writeConfigs(capture, writer);
  CallSweep sweep(found);
  joined.kernels.drain([&](const CapturedKernel& kernel) {
    reporter.row();
    const int64_t call = sweep.callOf(kernel);
    if (call != 0) {
      ++result.attributed;
      int64_t& sum = found.calls[size_t(call - 1)].kernelNs;
      sum = std::min(sum + kernel.durationNs, kMaxCaptureNs);
    }
    writer.push(db::Kernel{.deviceId = kernel.device + 1,
                           .configId = configs[size_t(kernel.config)],
                           .startNs = std::max<int64_t>(kernel.startNs - origin, 0),
                           .durationNs = kernel.durationNs,
                           .stream = kernel.stream,
                           .correlation = kernel.correlation,
                           .callId = call,
                           .link = linkOf(kernel, call),
                           .flags = kernel.flags});
  });
  for (db::AttnCall call : found.calls) {
    call.startNs -= origin;
    db::AttnRecord record;
    record.call = call;
    writer.push(std::move(record));
  }
  writeNotes(capture, found, origin, writer);
  int64_t last = std::max(joined.lastNs, origin);
  for (const db::Step& step : found.steps) last = std::max(last, step.endNs);
  run.durationNs = last - origin;
  if (capture.facts.utcOfZeroNs != kNoTime) run.startedUtcNs = capture.facts.utcOfZeroNs + origin;
  result.calls = std::ssize(found.calls);
  result.steps = std::ssize(found.steps);
  result.layers = std::ssize(found.layers);
  return result;
}

}  // namespace ditscope::analyzer
