// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/kineto_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "analyzer/import/capture_time.h"
#include "analyzer/import/json_scanner.h"
#include "analyzer/import/kineto_event.h"
#include "analyzer/import/kineto_metadata.h"
#include "db/error.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {
namespace {

using Token = JsonScanner::Token;

constexpr int64_t kEventsPerReport = 20'000;

class KinetoReader {
 public:
  KinetoReader(ByteSource& source, const std::string& name, int64_t totalBytes, CaptureBuilder& capture,
               const Progress& progress)
      : m_source(source),
        m_scanner(source, name),
        m_name(name),
        m_totalBytes(totalBytes),
        m_capture(capture),
        m_progress(progress) {}

  void read() {
    const Token first = m_scanner.next();
    if (first == Token::BeginArray) {
      m_sawEvents = true;
      events();
    } else if (first == Token::BeginObject) {
      topLevel();
    }
    if (!m_sawEvents)
      throw db::Error(db::Error::Kind::BadInput, "cannot read " + m_name,
                      "it is no trace of the PyTorch profiler: there is no list of events",
                      "give the file that torch.profiler exported");
    finish();
  }

 private:
  void topLevel() {
    while (true) {
      const Token token = m_scanner.next();
      if (token == Token::EndObject || token == Token::End) return;
      if (token != Token::Key) {
        ++m_broken;
        return;  // behind the events nothing is worth a guess
      }
      if (m_scanner.text() == "traceEvents") {
        if (m_scanner.next() != Token::BeginArray) return;
        m_sawEvents = true;
        if (!events()) return;
      } else if (!m_metadata.read(m_scanner)) {
        ++m_broken;
        return;
      }
    }
  }

  bool events() {  // false: the file ended inside
    const size_t depth = m_scanner.depth();
    while (true) {
      const Token token = m_scanner.next();
      if (token == Token::EndArray) return true;
      if (token == Token::End) return false;
      const auto wants = [](void* self, const KinetoEvent& event) {
        return static_cast<KinetoReader*>(self)->m_capture.meaning(event.name).isAttention();
      };
      bool whole = token != Token::Broken;
      if (token == Token::BeginObject) {
        whole = readKinetoEvent(m_scanner, m_event, wants, this);
        if (whole) add();
      } else if (token == Token::BeginArray) {
        whole = m_scanner.skipToEnd();
      }
      if (!whole && !recover(depth)) return false;
      if (++m_events % kEventsPerReport == 0 && m_progress && !m_progress(m_source.consumed(), m_totalBytes))
        throw db::Cancelled();
    }
  }

  bool recover(size_t depth) {
    if (m_scanner.endedEarly()) return false;
    ++m_broken;
    return m_scanner.recover(depth);
  }

  void add() {
    if (!m_event.complete || m_event.kind == KinetoKind::Other) return;
    if (m_event.badTime || !m_event.startNs) {
      m_capture.count("events_without_time");
      return;
    }
    switch (m_event.kind) {
      case KinetoKind::Kernel:
        return addKernel();
      case KinetoKind::Runtime:
        return addLaunch();
      case KinetoKind::Copy:
        ++m_copies;
        return;
      default:
        addRange();
    }
  }

  void addKernel() {
    CapturedKernel kernel;
    kernel.device = m_capture.device(m_event.device.value_or(m_event.processNumber.value_or(0)));
    kernel.stream = streamNumber(m_event.stream.value_or(m_event.threadNumber.value_or(0)));
    kernel.correlation = m_event.correlation.value_or(0);
    kernel.startNs = *m_event.startNs;
    kernel.durationNs = m_event.durationNs.value_or(0);
    kernel.graphNode = m_event.graphNode.value_or(0);
    KernelConfig config;
    std::ranges::copy(m_event.grid, config.grid);
    std::ranges::copy(m_event.block, config.block);
    config.registersPerThread = int32_t(std::clamp<int64_t>(m_event.registers, 0, 1 << 20));
    config.dynamicSharedBytes =
        m_event.sharedBytes;  // the profiler tells the sum of static and dynamic alone
    config.name = m_capture.kernelName(m_event.name);
    kernel.config = m_capture.config(config);
    if (kernel.startNs > 0) m_firstNs = std::min(m_firstNs, kernel.startNs);
    m_capture.add(kernel);
  }

  static int32_t streamNumber(int64_t stream) {  // negative ones stand for streams without a number
    return int32_t(uint64_t(stream) & std::numeric_limits<int32_t>::max());
  }

  void addLaunch() {
    if (!m_event.correlation) return;
    CapturedLaunch launch;
    launch.correlation = *m_event.correlation;
    launch.startNs = *m_event.startNs;
    launch.lane = m_capture.hostLane(m_event.process, m_event.thread);
    launch.launches = startsKernel(m_event.name) ? 1 : 0;
    m_capture.add(launch);
  }

  void addRange() {
    ++m_capture.rows;
    const RangeMeaning& meaning = m_capture.meaning(m_event.name);
    if (meaning.parts.empty()) return;
    CapturedRange range;
    range.startNs = *m_event.startNs;
    range.endNs = range.startNs + std::max<int64_t>(m_event.durationNs.value_or(0), 0);
    range.lane = m_event.kind == KinetoKind::GpuAnnotation
                     ? m_capture.streamLane(m_capture.device(m_event.processNumber.value_or(0)),
                                            streamNumber(m_event.threadNumber.value_or(0)))
                     : m_capture.hostLane(m_event.process, m_event.thread);
    for (const RangeMeaning::Part& part : meaning.parts)
      if (part.kind == RangeKind::Attention) range.shape = attentionShape(m_event.shapes, part.layout);
    m_capture.addRange(range, meaning, m_event.name, -1);
  }

  void finish() {
    m_metadata.complete(m_capture);
    // Before 2024 times were microseconds since 1970; later they count from the base.
    constexpr int64_t kSurelyAbsoluteNs = 1'000'000'000'000'000'000;  // 2001
    if (m_metadata.baseNs())
      m_capture.facts.utcOfZeroNs = *m_metadata.baseNs();
    else if (m_firstNs != std::numeric_limits<int64_t>::max() && m_firstNs > kSurelyAbsoluteNs)
      m_capture.facts.utcOfZeroNs = 0;
    m_capture.counters["broken_events"] = m_broken;
    m_capture.counters["cut_short"] = m_scanner.endedEarly() || m_source.cutShort() ? 1 : 0;
    const auto note = [&](const std::string& text) {
      m_capture.facts.notes.push_back({kNoTime, "info", text});
    };
    if (m_scanner.repairs() > 0)
      note(fmt::format("{} faults of the JSON were repaired", m_scanner.repairs()));
    if (m_copies > 0) note(fmt::format("{} copies and fills of memory were not imported", m_copies));
  }

  ByteSource& m_source;
  JsonScanner m_scanner;
  const std::string& m_name;
  int64_t m_totalBytes;
  CaptureBuilder& m_capture;
  const Progress& m_progress;
  KinetoEvent m_event;
  KinetoMetadata m_metadata;
  bool m_sawEvents = false;
  int64_t m_events = 0, m_broken = 0, m_copies = 0;
  int64_t m_firstNs = std::numeric_limits<int64_t>::max();
};

}  // namespace

void readKineto(ByteSource& source, const std::string& name, int64_t totalBytes, CaptureBuilder& capture,
                const Progress& progress) {
  capture.facts.source = "kineto";
  capture.facts.tool = "PyTorch profiler";
  KinetoReader(source, name, totalBytes, capture, progress).read();
}

}  // namespace ditscope::analyzer
