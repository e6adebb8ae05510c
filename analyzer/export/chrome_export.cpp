// SPDX-License-Identifier: Apache-2.0
// The JSON of Chrome's trace viewer, which Perfetto, Speedscope and others read too. Times are microseconds
// with three decimals, written from the integers so that no nanosecond is lost; one event a line.
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "analyzer/export/timeline.h"
#include "analyzer/export/trace_export.h"
#include "analyzer/part_file.h"

namespace ditscope::analyzer {
namespace {

constexpr int kPid = 1;

std::string microseconds(int64_t ns) {
  const uint64_t magnitude = ns < 0 ? 0 - uint64_t(ns) : uint64_t(ns);
  return fmt::format("{}{}.{:03}", ns < 0 ? "-" : "", magnitude / 1000, magnitude % 1000);
}

std::string jsonQuoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string valueText(const TimelineArg& arg) {
  if (const auto* integer = std::get_if<int64_t>(&arg.value)) return std::to_string(*integer);
  if (const auto* real = std::get_if<double>(&arg.value)) return fmt::format("{:.7g}", *real);
  return jsonQuoted(std::get<std::string_view>(arg.value));
}

class ChromeSink final : public TimelineSink {
 public:
  ChromeSink(PartFile& file, const db::Run& run) : m_file(file) {
    m_file.write(
        fmt::format(R"({{"displayTimeUnit":"ns","otherData":{{"tool":{},"model":{},"method":{},"uuid":{},)"
                    R"("started_utc_ns":"{}"}},"traceEvents":[)"
                    "\n",
                    jsonQuoted(run.tool), jsonQuoted(run.model), jsonQuoted(run.method), jsonQuoted(run.uuid),
                    run.startedUtcNs));
    event(fmt::format(R"("ph":"M","name":"process_name","pid":{},"args":{{"name":{}}})", kPid,
                      jsonQuoted(fmt::format("{} {}", run.model, run.method))));
  }
  void finish() { m_file.write("\n]}\n"); }

  // A track is a thread. There are no groups of threads, so a track carries the name of its group.
  void track(const TimelineTrack& t) override {
    if (t.kind != TimelineTrack::Kind::Slices) {
      m_names[t.id] = t.name;
      return;
    }
    const std::string name = t.parent == 0 ? t.name : fmt::format("{}, {}", m_names[t.parent], t.name);
    event(fmt::format(R"("ph":"M","name":"thread_name","pid":{},"tid":{},"args":{{"name":{}}})", kPid, t.id,
                      jsonQuoted(name)));
    event(
        fmt::format(R"("ph":"M","name":"thread_sort_index","pid":{0},"tid":{1},"args":{{"sort_index":{1}}})",
                    kPid, t.id));
  }

  void slice(const TimelineSlice& s) override {
    std::string args;
    for (const TimelineArg& arg : s.args)
      args += fmt::format("{}\"{}\":{}", args.empty() ? "" : ",", arg.key, valueText(arg));
    event(fmt::format(R"("ph":"X","name":{},"cat":"{}","pid":{},"tid":{},"ts":{},"dur":{},"args":{{{}}})",
                      jsonQuoted(s.name), s.category, kPid, s.track, microseconds(s.startNs),
                      microseconds(s.durationNs), args));
    if (s.flow == 0) return;
    event(fmt::format(R"("ph":"{}","name":"call","cat":"flow","id":{},"pid":{},"tid":{},"ts":{})",
                      s.startsFlow ? 's' : 't', s.flow, kPid, s.track, microseconds(s.startNs)));
  }

  void sample(const TimelineSample& s) override {
    event(fmt::format(R"("ph":"C","name":{},"pid":{},"ts":{},"args":{{"value":{:.7g}}})",
                      jsonQuoted(m_names[s.track]), kPid, microseconds(s.timeNs), s.value));
  }

 private:
  void event(const std::string& members) {
    m_file.write(fmt::format("{}{{{}}}", m_first ? "" : ",\n", members));
    m_first = false;
  }
  PartFile& m_file;
  std::map<int64_t, std::string> m_names;  // of groups and counters
  bool m_first = true;
};

void writeChrome(const db::TraceReader& reader, const std::filesystem::path& path, const Progress& progress) {
  PartFile file(path);
  ChromeSink sink(file, reader.run());
  walkTimeline(reader, sink, progress);
  sink.finish();
  file.commit();
}

}  // namespace

TraceExport chromeExport() {
  return {"chrome", "timeline for chrome://tracing, Perfetto and Speedscope", ".json", writeChrome};
}

}  // namespace ditscope::analyzer
