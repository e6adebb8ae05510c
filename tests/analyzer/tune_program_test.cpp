// SPDX-License-Identifier: Apache-2.0
// From recordings to a configuration: no worse than any single setting, the same every time, explained.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "analyzer/tune/explain.h"
#include "analyzer/tune/report_tune.h"
#include "analyzer/tune/tuning.h"
#include "db/config_file.h"
#include "db/error.h"
#include "tests/support/make_trace.h"
#include "tests/support/temp_dir.h"

namespace ditscope::analyzer {
namespace {

class TuneRun : public ::testing::Test {
 protected:
  std::string record(uint64_t seed, double density, int32_t dense = 1, int32_t every = 100) {
    const auto path = m_folder.path() / ("run" + std::to_string(m_runs++) + ".db");
    tests::SyntheticTraceOptions options;
    options.steps = 8;
    options.layers = 3;
    options.heads = 4;
    options.grid = {4, 8, 16};
    options.density = density;
    options.denseSteps = dense;
    options.searchEvery = every;
    options.seed = seed;
    tests::makeSyntheticTrace(path, options);
    return path.string();
  }
  std::string dense(uint64_t seed) { return record(seed, 1.0, 8); }

  tests::TempDir m_folder;
  int m_runs = 0;
};

TEST_F(TuneRun, NoWorseThanAnySingleSetting) {
  const std::string file = dense(1);
  for (const auto& [target, value] : {std::pair{Target::Recall, 0.9},
                                      {Target::Recall, 0.97},
                                      {Target::Error, 0.1},
                                      {Target::Speedup, 1.5}}) {
    TuneRequest request{.recordings = {file}};
    request.target = target;
    request.value = value;
    request.headFloor = 0;
    const TuningResult r = runTuning(request);
    EXPECT_TRUE(meets(r.tuned.outcome, r.goal));
    EXPECT_GE(r.tuned.gap, 0);
    EXPECT_GT(r.uniform.size(), 20u);
    for (const UniformOutcome& u : r.uniform) {
      if (!meets(u.outcome, r.goal)) continue;
      EXPECT_FALSE(better(u.outcome, r.tuned.outcome, r.goal)) << u.choice.method << ' ' << u.outcome.ns;
    }
  }
}

TEST_F(TuneRun, TheConfigurationIsReadBackAndExplained) {
  TuneRequest request{.recordings = {dense(1), dense(2)}};
  request.value = 0.9;
  const TuningResult r = runTuning(request);
  const auto file = m_folder.path() / "config.json";
  db::writeConfig(file, tunedConfig(r));
  const db::SparsityConfig config = db::readConfig(file);
  EXPECT_EQ(config.traces, r.uuids);
  for (size_t h = 0; h < r.heads.size(); ++h) {
    const HeadKey& key = r.heads[h].key;
    const Candidate& chosen = r.heads[h].candidates[r.tuned.outcome.chosen[h]];
    const db::Cell cell{5, key.layer, key.head, key.branch};
    const db::MethodChoice& found = config.resolve(cell);
    EXPECT_EQ(found.method, chosen.choice.method);
    EXPECT_EQ(found.parameters, chosen.choice.parameters);
    EXPECT_NEAR(found.expected.recall.value(), chosen.recall, 1e-4);
    EXPECT_GE(chosen.recall, r.goal.headFloor);
    EXPECT_EQ(config.kindOf({0, key.layer, key.head, key.branch}), db::StepKind::Dense);
  }
  const auto json = nlohmann::json::parse(explainJson("config.json", config, {.layer = 1, .head = 2}));
  EXPECT_EQ(json["step"], 1);
  int chosen = 0;
  for (const auto& candidate : json["candidates"]) chosen += candidate["chosen"].get<bool>() ? 1 : 0;
  EXPECT_EQ(chosen, 1);
  EXPECT_NE(explainText("config.json", config, {.layer = 1, .head = 2}, {}).find("candidate"),
            std::string::npos);
  EXPECT_THROW((void)explainJson("config.json", config, {.layer = 3, .head = 0}), db::Error);
}

TEST_F(TuneRun, SeveralRecordingsAreEachLeftOutOnce) {
  TuneRequest request{.recordings = {dense(1), dense(2), dense(3)}};
  request.value = 0.9;
  const TuningResult r = runTuning(request);
  ASSERT_EQ(r.leftOut.size(), 3u);
  for (const LeftOut& l : r.leftOut) EXPECT_GE(l.expected.recall, 0.9 - 1e-9);
  for (const auto& [lo, hi] : r.spread) EXPECT_LE(lo, hi);
  TuneRequest mean = request;
  mean.over = Over::Mean;
  EXPECT_LE(runTuning(mean).tuned.outcome.ns, r.tuned.outcome.ns * (1 + 1e-6));
}

TEST_F(TuneRun, TheSameEveryTime) {
  TuneRequest request{.recordings = {dense(1)}};
  request.threads = 1;
  const std::string one = db::configText(tunedConfig(runTuning(request)));
  request.threads = 3;
  EXPECT_EQ(db::configText(tunedConfig(runTuning(request))), one);
}

TEST_F(TuneRun, SaysWhatItAssumesAndWhatItCannotTell) {
  TuneRequest request{.recordings = {dense(1)}};
  request.methods = {"topk", "sparge"};
  const TuningResult r = runTuning(request);
  EXPECT_EQ(r.notEvaluated, std::vector<std::string>{"sparge"});
  EXPECT_GE(r.notes.size(), 2u);  // errors and search cost are assumed
  const std::string text = tuneText(r, {});
  EXPECT_NE(text.find("not evaluated offline: sparge"), std::string::npos);
  EXPECT_NE(frontSvg(r).find("polyline"), std::string::npos);
  EXPECT_FALSE(nlohmann::json::parse(frontJson(r))["front"].empty());
}

TEST_F(TuneRun, ProbesKeepWhatWasMeasuredAndArePricedLikeTheRest) {
  TuneRequest request{.recordings = {dense(1)}, .probes = {record(1, 0.5), record(1, 0.25)}};
  request.value = 0.6;
  const TuningResult r = runTuning(request);
  const Probe probe = readProbe(request.probes[0], 1);
  int probed = 0;
  for (size_t h = 0; h < r.heads.size(); ++h) {
    for (const Candidate& c : r.heads[h].candidates) {
      if (c.evidence != Evidence::Probe || c.choice.parameters != probe.choice.parameters) continue;
      ++probed;
      const Candidate& measured = probe.heads.at(r.heads[h].key);
      EXPECT_EQ(c.recall, measured.recall);
      EXPECT_EQ(c.error, measured.error);
      EXPECT_LT(c.recall, 1);
      EXPECT_GE(c.timeNs, c.searchNs);
      EXPECT_LE(c.timeLoNs, c.timeNs);
      EXPECT_GE(c.timeHiNs, c.timeNs);
    }
  }
  EXPECT_EQ(probed, int(r.heads.size()));
}

TEST_F(TuneRun, RefusesWhatItCannotUse) {
  EXPECT_THROW((void)runTuning({.recordings = {record(1, 0.25)}}), db::Error);  // sparse
  TuneRequest impossible{.recordings = {dense(1)}};
  impossible.target = Target::Speedup;
  impossible.value = 500;
  EXPECT_THROW((void)runTuning(impossible), db::Error);
  EXPECT_THROW((void)runTuning({.recordings = {dense(1)}}, [](int64_t, int64_t) { return false; }),
               db::Cancelled);
}

TEST(TuneChoiceText, IsReadBack) {
  const db::MethodChoice choice = parseChoice("topk:density=0.25,source=previous,sink=on");
  EXPECT_EQ(choice.method, "topk");
  EXPECT_EQ(choice.parameters.at("density"), db::ParameterValue(0.25));
  EXPECT_EQ(choice.parameters.at("source"), db::ParameterValue(std::string("previous")));
  EXPECT_EQ(choice.parameters.at("sink"), db::ParameterValue(true));
  EXPECT_TRUE(parseChoice("dense").parameters.empty());
  EXPECT_THROW((void)parseChoice("topk:oops"), db::Error);
}

}  // namespace
}  // namespace ditscope::analyzer
