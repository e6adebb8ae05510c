// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/nsys_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <unordered_map>
#include <utility>

#include "analyzer/import/tensor_shapes.h"
#include "db/error.h"
#include "db/nsys_reader.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {
namespace {

constexpr int64_t kNsysRowsPerReport = 50'000;
constexpr size_t kMaxCached = 500'000;  // ids of strings; then the cache starts anew
constexpr size_t kMaxWarnings = 20;

// What is known of a string, by its id, so that each is looked up once.
template <class Value>
class StringCache {
 public:
  template <class Make>
  const Value& of(int64_t id, Make make) {
    if (const auto found = m_values.find(id); found != m_values.end()) return found->second;
    if (m_values.size() >= kMaxCached) m_values.clear();
    return m_values.emplace(id, make()).first->second;
  }

 private:
  std::unordered_map<int64_t, Value> m_values;
};

std::string cudaVersion(const std::string& number) {  // 13000 is 13.0
  int value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || value <= 0) return {};
  return fmt::format("{}.{}", value / 1000, value % 1000 / 10);
}

class NsysImport {
 public:
  NsysImport(const std::filesystem::path& file, CaptureBuilder& capture, const Progress& progress)
      : m_capture(capture), m_progress(progress), m_reader(file, [this] { return m_cancelled; }) {
    m_total = m_reader.rowEstimate();
    m_oneProcess = !m_reader.kernelsNameProcesses();
  }

  void read() {
    facts();
    for (const db::NsysDeviceOfProcess& device : m_reader.devicesOfProcesses())
      if (m_deviceOfProcess.size() < CaptureBuilder::kMaxDevices)
        m_deviceOfProcess[{device.pid, device.device}] = device.id;
    m_reader.forEachGraphNode([&](const db::NsysGraphNode& node) { add(node); });
    followOriginals();
    m_reader.forEachKernel([&](const db::NsysKernel& kernel) { add(kernel); });
    m_reader.forEachCall([&](const db::NsysCall& call) { add(call); });
    m_reader.forEachRange([&](const db::NsysRange& range) { add(range); });
    devices();
    m_capture.counters["rows_without_time"] = m_badRows;
    m_capture.counters["ranges_without_end"] = m_openRanges;
  }

 private:
  void facts() {
    const db::NsysFacts facts = m_reader.facts();
    CaptureFacts& out = m_capture.facts;
    out.source = "nsys";
    out.tool = "Nsight Systems";
    if (!facts.productVersion.empty()) out.tool += " " + facts.productVersion;
    if (facts.utcOfZeroNs && isCaptureTime(*facts.utcOfZeroNs)) out.utcOfZeroNs = *facts.utcOfZeroNs;
    out.driver = facts.driver;
    out.cuda = cudaVersion(facts.cuda);
    const auto note = [&](const char* severity, std::string text) {
      out.notes.push_back({kNoTime, severity, std::move(text)});
    };
    if (!facts.schemaVersion.empty() && !facts.schemaVersion.starts_with("3."))
      note("warning", fmt::format("the export has schema {}; DiTScope knows 3.x", facts.schemaVersion));
    if (facts.copies > 0)
      note("info", fmt::format("{} copies and fills of memory were not imported", facts.copies));
    if (facts.wholeGraphs > 0)
      note("warning",
           fmt::format("{} launches of CUDA graphs were captured whole, without their kernels; capture "
                       "with --cuda-graph-trace=node",
                       facts.wholeGraphs));
    for (const db::NsysWarning& warning : m_reader.warnings(kMaxWarnings))
      if (isCaptureTime(warning.timeNs)) out.notes.push_back({warning.timeNs, "warning", warning.text});
  }

  void devices() {
    const std::vector<db::NsysDevice> known = m_reader.devices();
    for (db::Device& device : m_capture.devices) {
      const auto found = std::ranges::find(known, int64_t{device.ordinal}, &db::NsysDevice::id);
      device.name = fmt::format("GPU {}", device.ordinal);
      if (found == known.end()) continue;
      if (!found->name.empty()) device.name = found->name;
      device.uuid = found->uuid;
      device.smCount = countOf(found->smCount);
      device.memoryBytes = std::max<int64_t>(found->memoryBytes, 0);
      device.clockHz = std::max<int64_t>(found->clockHz, 0);
    }
  }

  void countRow() {
    if (++m_rows % kNsysRowsPerReport != 0 || !m_progress) return;
    if (!m_progress(m_rows, std::max(m_rows, m_total))) {
      m_cancelled = true;
      throw db::Cancelled();
    }
  }

  // The process that a launch and its kernels share. An old export does not name that of kernels.
  [[nodiscard]] int64_t processOf(std::optional<int64_t> globalId) const {
    return m_oneProcess || !globalId ? 0 : db::nsysProcessOf(*globalId);
  }

  Lane laneOf(std::optional<int64_t> thread) {
    const int64_t id = thread.value_or(0);
    if (m_lane != kNoLane && id == m_laneThread) return m_lane;  // rows of a thread come in a row
    m_laneThread = id;
    m_lane = m_capture.hostLane(processOf(thread), id);
    return m_lane;
  }

  int32_t deviceOf(const db::NsysKernel& kernel) {
    const auto process = kernel.process.value_or(0);
    const auto found = m_deviceOfProcess.find({db::nsysPidOf(process), kernel.device});
    return m_capture.device(found != m_deviceOfProcess.end() ? found->second : kernel.device);
  }

  void add(const db::NsysKernel& row) {
    countRow();
    if (!isCaptureTime(row.startNs) || !isCaptureTime(row.endNs)) {
      ++m_badRows;
      return;
    }
    CapturedKernel kernel;
    kernel.process = processOf(row.process);
    kernel.correlation = row.correlation.value_or(0);
    if (!m_oneProcess && !row.process) kernel.correlation = 0;  // whose would it be?
    kernel.startNs = row.startNs;
    kernel.durationNs = row.endNs - row.startNs;
    kernel.device = deviceOf(row);
    kernel.stream = int32_t(uint64_t(row.stream) & std::numeric_limits<int32_t>::max());
    kernel.graphNode = row.graphNode;
    KernelConfig config;
    config.name = m_kernelNames.of(row.name, [&] {
      const std::string_view name = m_reader.string(row.name);
      return m_capture.kernelName(name.empty() ? fmt::format("kernel {}", row.name) : name);
    });
    for (int axis = 0; axis < 3; ++axis) {
      config.grid[axis] = countOf(row.grid[axis]);
      config.block[axis] = countOf(row.block[axis]);
      config.cluster[axis] = countOf(row.cluster[axis]);
    }
    config.registersPerThread = countOf(row.registersPerThread);
    config.staticSharedBytes = row.staticSharedBytes;
    config.dynamicSharedBytes = row.dynamicSharedBytes;
    kernel.config = m_capture.config(config);
    m_capture.add(kernel);
  }

  void add(const db::NsysCall& row) {
    countRow();
    if (!row.correlation || *row.correlation == 0) return;
    if (!isCaptureTime(row.startNs)) {
      ++m_badRows;
      return;
    }
    CapturedLaunch launch;
    launch.process = processOf(row.thread);
    launch.correlation = *row.correlation;
    launch.startNs = row.startNs;
    launch.lane = laneOf(row.thread);
    launch.launches =
        m_launchNames.of(row.name, [&] { return startsKernel(m_reader.string(row.name)) ? 1U : 0U; });
    m_capture.add(launch);
  }

  void add(const db::NsysRange& row) {
    countRow();
    ++m_capture.rows;
    std::string_view text = row.text;
    if (text.empty() && row.textId) {
      const bool wanted = m_wantedTexts.of(
          *row.textId, [&] { return !m_capture.meaning(m_reader.string(*row.textId)).parts.empty(); });
      if (!wanted) return;
      text = m_reader.string(*row.textId);
    }
    const RangeMeaning& meaning = m_capture.meaning(text);
    if (meaning.parts.empty()) return;
    if (!isCaptureTime(row.startNs) || (row.endNs && !isCaptureTime(*row.endNs))) {
      ++m_badRows;
      return;
    }
    const bool isMark = meaning.parts.front().kind == RangeKind::LayerBegin ||
                        meaning.parts.front().kind == RangeKind::LayerEnd;
    if (!row.endNs && !isMark) {
      ++m_openRanges;
      return;
    }
    CapturedRange range;
    range.startNs = row.startNs;
    range.endNs = row.endNs.value_or(row.startNs);
    range.lane = laneOf(row.thread);
    const size_t sizes = text.find("sizes = ");
    for (const RangeMeaning::Part& part : meaning.parts)
      if (part.kind == RangeKind::Attention && sizes != std::string_view::npos)
        range.shape = attentionShape(parseShapes(text.substr(sizes)), part.layout);
    constexpr int64_t kMaxNumber = 100'000'000;
    const bool sane = row.payload && *row.payload >= 0 && *row.payload < kMaxNumber;
    m_capture.addRange(range, meaning, text, sane ? int32_t(*row.payload) : -1);
  }

  void add(const db::NsysGraphNode& row) {
    countRow();
    if (!isCaptureTime(row.startNs) || row.node == 0) return;
    if (m_capture.graphNodes.size() >= CaptureBuilder::kMaxGraphNodes) {
      m_capture.count("graph_nodes_left_out");
      return;
    }
    m_capture.graphNodes[row.node] = {laneOf(row.thread), row.startNs};
    if (row.original != 0 && row.original != row.node) m_originals[row.node] = row.original;
  }

  // A node of an instantiated graph was cloned from one that was captured; a chain of clones leads back to
  // it.
  void followOriginals() {
    constexpr int kLongestChain = 8;
    for (const auto& [node, first] : m_originals) {
      int64_t original = first;
      for (int i = 0; i < kLongestChain && m_originals.contains(original); ++i)
        original = m_originals[original];
      const auto found = m_capture.graphNodes.find(original);
      if (found != m_capture.graphNodes.end()) m_capture.graphNodes[node] = found->second;
    }
    m_originals.clear();
  }

  CaptureBuilder& m_capture;
  const Progress& m_progress;
  bool m_cancelled = false;
  db::NsysReader m_reader;
  std::map<std::pair<int64_t, int64_t>, int64_t> m_deviceOfProcess;
  std::unordered_map<int64_t, int64_t> m_originals;
  StringCache<int32_t> m_kernelNames;
  StringCache<uint32_t> m_launchNames;
  StringCache<bool> m_wantedTexts;
  bool m_oneProcess = false;
  Lane m_lane = kNoLane;
  int64_t m_laneThread = 0;
  int64_t m_rows = 0, m_total = 0, m_badRows = 0, m_openRanges = 0;
};

}  // namespace

void readNsys(const std::filesystem::path& file, CaptureBuilder& capture, const Progress& progress) {
  NsysImport(file, capture, progress).read();
}

}  // namespace ditscope::analyzer
