// SPDX-License-Identifier: Apache-2.0
// Perfetto's own format: a stream of TracePackets with TrackEvents, names sent once and referred to by
// number. The numbers of the fields are those of perfetto's protos/perfetto/trace. Opens in ui.perfetto.dev
// and in trace_processor.
#include <fmt/format.h>

#include <string>
#include <unordered_map>

#include "analyzer/export/proto_message.h"
#include "analyzer/export/timeline.h"
#include "analyzer/export/trace_export.h"
#include "analyzer/part_file.h"

namespace ditscope::analyzer {
namespace {

namespace trace {
constexpr uint32_t kPacket = 1;
}
namespace packet {
constexpr uint32_t kTimestamp = 8, kSequence = 10, kTrackEvent = 11, kInternedData = 12, kSequenceFlags = 13,
                   kTrackDescriptor = 60;
constexpr uint64_t kStateCleared = 1, kNeedsState = 2;  // of kSequenceFlags
}  // namespace packet
namespace descriptor {
constexpr uint32_t kUuid = 1, kName = 2, kProcess = 3, kParent = 5, kCounter = 8, kChildOrder = 11,
                   kRank = 12;
constexpr uint32_t kProcessPid = 1, kProcessName = 6, kCounterUnit = 6;
constexpr uint64_t kByRank = 3;  // of kChildOrder
}  // namespace descriptor
namespace event {
constexpr uint32_t kCategory = 3, kAnnotation = 4, kType = 9, kName = 10, kTrack = 11, kValue = 44,
                   kFlow = 47;
constexpr uint64_t kBegin = 1, kEnd = 2, kCounterSample = 4;  // of kType
constexpr uint32_t kAnnotationName = 1, kAnnotationInt = 4, kAnnotationReal = 5, kAnnotationText = 6;
}  // namespace event
namespace interned {
constexpr uint32_t kCategories = 1, kNames = 2, kAnnotationNames = 3;
}

constexpr uint64_t kOnlySequence = 1;
constexpr uint64_t kProcessTrack = 1;  // tracks of the timeline follow it

// Names that were sent, and those to send with the next packet.
class Interning {
 public:
  uint64_t number(uint32_t kind, std::string_view name) {
    auto& known = m_known[kind];
    const auto found = known.find(std::string(name));
    if (found != known.end()) return found->second;
    const uint64_t number = known.size() + 1;
    known.emplace(name, number);
    m_new.message(kind, ProtoMessage().integer(1, number).text(2, name));
    return number;
  }
  void takeNew(ProtoMessage& into) {
    if (m_new.bytes().empty()) return;
    into.message(packet::kInternedData, m_new);
    m_new.clear();
  }

 private:
  std::unordered_map<uint32_t, std::unordered_map<std::string, uint64_t>> m_known;
  ProtoMessage m_new;
};

class PerfettoSink final : public TimelineSink {
 public:
  PerfettoSink(PartFile& file, const db::Run& run) : m_file(file) {
    ProtoMessage process;
    process.integer(descriptor::kProcessPid, 1);
    process.text(descriptor::kProcessName, fmt::format("{} {}", run.model, run.method));
    ProtoMessage track;
    track.integer(descriptor::kUuid, kProcessTrack).message(descriptor::kProcess, process);
    track.integer(descriptor::kChildOrder, descriptor::kByRank);
    ProtoMessage first;
    first.integer(packet::kSequenceFlags, packet::kStateCleared | packet::kNeedsState);
    first.message(packet::kTrackDescriptor, track);
    send(first);
  }

  void track(const TimelineTrack& t) override {
    ProtoMessage track;
    track.integer(descriptor::kUuid, uuid(t.id)).text(descriptor::kName, t.name);
    track.integer(descriptor::kParent, t.parent == 0 ? kProcessTrack : uuid(t.parent));
    track.integer(descriptor::kRank, uint64_t(t.id));
    if (t.kind == TimelineTrack::Kind::Group) track.integer(descriptor::kChildOrder, descriptor::kByRank);
    if (t.kind == TimelineTrack::Kind::Counter)
      track.message(descriptor::kCounter, ProtoMessage().text(descriptor::kCounterUnit, t.unit));
    ProtoMessage packet;
    packet.message(packet::kTrackDescriptor, track);
    send(packet);
  }

  void slice(const TimelineSlice& s) override {
    ProtoMessage begin;
    begin.integer(event::kType, event::kBegin).integer(event::kTrack, uuid(s.track));
    begin.integer(event::kName, m_interning.number(interned::kNames, s.name));
    begin.integer(event::kCategory, m_interning.number(interned::kCategories, s.category));
    if (s.flow != 0) begin.fixed64(event::kFlow, uint64_t(s.flow));
    for (const TimelineArg& arg : s.args) begin.message(event::kAnnotation, annotation(arg));
    sendEvent(s.startNs, begin);
    ProtoMessage end;
    end.integer(event::kType, event::kEnd).integer(event::kTrack, uuid(s.track));
    sendEvent(s.startNs + s.durationNs, end);
  }

  void sample(const TimelineSample& s) override {
    ProtoMessage sample;
    sample.integer(event::kType, event::kCounterSample).integer(event::kTrack, uuid(s.track));
    sample.real(event::kValue, s.value);
    sendEvent(s.timeNs, sample);
  }

 private:
  static uint64_t uuid(int64_t track) { return kProcessTrack + uint64_t(track); }

  ProtoMessage annotation(const TimelineArg& arg) {
    ProtoMessage message;
    message.integer(event::kAnnotationName, m_interning.number(interned::kAnnotationNames, arg.key));
    if (const auto* integer = std::get_if<int64_t>(&arg.value))
      message.integer(event::kAnnotationInt, uint64_t(*integer));
    if (const auto* real = std::get_if<double>(&arg.value)) message.real(event::kAnnotationReal, *real);
    if (const auto* text = std::get_if<std::string_view>(&arg.value))
      message.text(event::kAnnotationText, *text);
    return message;
  }

  void sendEvent(int64_t timeNs, const ProtoMessage& event) {
    ProtoMessage packet;
    packet.integer(packet::kTimestamp, uint64_t(timeNs)).integer(packet::kSequenceFlags, packet::kNeedsState);
    m_interning.takeNew(packet);
    packet.message(packet::kTrackEvent, event);
    send(packet);
  }

  void send(ProtoMessage& packet) {
    packet.integer(packet::kSequence, kOnlySequence);
    m_file.write(ProtoMessage().message(trace::kPacket, packet).bytes());
  }

  PartFile& m_file;
  Interning m_interning;
};

void writePerfetto(const db::TraceReader& reader, const std::filesystem::path& path,
                   const Progress& progress) {
  PartFile file(path);
  PerfettoSink sink(file, reader.run());
  walkTimeline(reader, sink, progress);
  file.commit();
}

}  // namespace

TraceExport perfettoExport() {
  return {"perfetto", "timeline for ui.perfetto.dev and trace_processor", ".pftrace", writePerfetto};
}

}  // namespace ditscope::analyzer
