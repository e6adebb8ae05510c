// SPDX-License-Identifier: Apache-2.0
// Timelines for other viewers, read back by a reader that shares no code with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/export/proto_message.h"
#include "analyzer/export/timeline_tracks.h"
#include "analyzer/export/trace_export.h"
#include "tests/analyzer/export_support.h"
#include "tests/support/make_trace.h"

namespace ditscope::tests {
namespace {

using testing::HasSubstr;

TEST(ProtoMessage, IsTheWireFormatOfItsDocumentation) {
  EXPECT_EQ(analyzer::ProtoMessage().integer(1, 150).bytes(), "\x08\x96\x01");
  EXPECT_EQ(analyzer::ProtoMessage().text(2, "testing").bytes(), "\x12\x07testing");
  EXPECT_EQ(analyzer::ProtoMessage().integer(1, uint64_t(-2)).bytes().substr(1),
            "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  EXPECT_EQ(analyzer::ProtoMessage().real(1, 1.0).bytes(), std::string("\x09\0\0\0\0\0\0\xf0\x3f", 9));
  EXPECT_EQ(analyzer::ProtoMessage().fixed64(47, 1).bytes(), std::string("\xf9\x02\x01\0\0\0\0\0\0\0", 10));
}

class TrackList final : public analyzer::TimelineSink {
 public:
  void track(const analyzer::TimelineTrack& track) override { names.push_back(track.name); }
  void slice(const analyzer::TimelineSlice&) override {}
  void sample(const analyzer::TimelineSample&) override {}
  std::vector<std::string> names;
};

TEST(Lanes, WhatOverlapsLiesOnFurtherTracks) {
  TrackList sink;
  analyzer::TrackNumbers numbers(sink);
  analyzer::Lanes lanes(numbers, "Stream 7");
  EXPECT_EQ(lanes.trackFor(0, 10), 1);
  EXPECT_EQ(lanes.trackFor(5, 10), 2);
  EXPECT_EQ(lanes.trackFor(10, 10), 1);
  EXPECT_EQ(lanes.trackFor(12, 1), 3);
  EXPECT_THAT(sink.names, testing::ElementsAre("Stream 7", "Stream 7 (2)", "Stream 7 (3)"));
}

class Timelines : public Exports {
 protected:
  void bothAgreeWith(const std::string& trace) const {
    for (const auto& [format, out] : {std::pair{"perfetto", "t.pftrace"}, {"chrome", "t.json"}}) {
      const ProgramResult result = run({"export", trace, "--to", format, "--out", out});
      ASSERT_EQ(result.exitCode, 0) << result.err;
    }
    const ProgramResult reader = python("read_timelines.py", {trace, "t.pftrace", "t.json"});
    EXPECT_EQ(reader.exitCode, 0) << reader.err;
    EXPECT_THAT(reader.out, HasSubstr(" slices, "));
  }
};

TEST_F(Timelines, OfARecordedRun) {
  storedTrace("run.db");
  bothAgreeWith("run.db");
}

TEST_F(Timelines, OfKernelsOnStreamsOfAGpu) {
  syntheticTrace("run.db");
  bothAgreeWith("run.db");
}

TEST_F(Timelines, OfNamesThatAreHostile) {
  hostileTrace("run.db");
  bothAgreeWith("run.db");
  EXPECT_THAT(readText(at("t.json")), HasSubstr(R"(\u001b[31m<script>alert(\"1\")</script>)"));
}

TEST_F(Timelines, OfKernelsThatOverlap) {
  overlappingTrace("run.db");
  bothAgreeWith("run.db");
}

TEST_F(Timelines, AreTheSameBytesForTheSameTrace) {
  storedTrace("run.db");
  for (const char* format : {"perfetto", "chrome"}) {
    for (const char* out : {"a", "b"})
      ASSERT_EQ(run({"export", "run.db", "--to", format, "--out", out}).exitCode, 0);
    EXPECT_EQ(readText(at("a")), readText(at("b")));
  }
}

TEST_F(Timelines, SayWhatWasWritten) {
  storedTrace("run.db");
  EXPECT_EQ(run({"export", "run.db", "--to", "chrome", "--out", "t.json"}).out, "t.json: written\n");
  const ProgramResult json = run({"export", "run.db", "--to", "perfetto", "--out", "t.pftrace", "--json"});
  EXPECT_THAT(json.out, HasSubstr(R"("format": "perfetto")"));
  EXPECT_THAT(json.out, HasSubstr(R"("schema": "ditscope.export/1")"));
}

TEST_F(Timelines, NothingIsLeftOfAnExportThatWasStopped) {
  makeSyntheticTrace(at("run.db"), {.steps = 2, .layers = 1, .heads = 1, .grid = {1, 8, 8}, .kernels = 5000});
  const db::TraceReader reader(at("run.db"));
  for (const analyzer::TraceExport& format : analyzer::traceExports()) {
    EXPECT_THROW(format.write(reader, at("x"), [](int64_t, int64_t) { return false; }), db::Cancelled);
    EXPECT_FALSE(std::filesystem::exists(at("x")) || std::filesystem::exists(at("x.part"))) << format.name;
  }
}

TEST_F(Timelines, BadInputIsOneLineAndLeavesNoFile) {
  storedTrace("run.db");
  writeText(at("config.json"), "{}");
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"export", "config.json", "--to", "perfetto", "--out", "x"},
                                             {"export", "run.db", "--to", "nothing", "--out", "x"},
                                             {"export", "run.db", "--to", "chrome", "--out", "no folder/x"},
                                             {"export", "missing.db", "--to", "chrome", "--out", "x"}}) {
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.exitCode, 3);
    EXPECT_THAT(result.err, testing::MatchesRegex("ditscope: [^\n]+ : [^\n]+ : [^\n]+\n"));
    EXPECT_FALSE(std::filesystem::exists(at("x")) || std::filesystem::exists(at("x.part")));
  }
}

}  // namespace
}  // namespace ditscope::tests
