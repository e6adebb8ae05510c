// SPDX-License-Identifier: Apache-2.0
#include "tests/analyzer/verify_traces.h"

#include "db/config_file.h"
#include "db/trace_writer.h"

namespace ditscope::tests {
namespace {

constexpr int32_t kSteps = 4, kLayers = 2, kHeads = 2;
constexpr int64_t kTokens = 512;

db::Run runOf(const std::string& method) {
  db::Run run;
  run.uuid = run.groupUuid = "00000000-0000-4000-8000-000000000001";
  run.source = "live";
  run.model = "WanTransformer3DModel";
  run.modelPath = "demo-video";
  run.scheduler = "UniPC";
  run.method = method;
  run.record = db::RecordLevel::Mass;
  run.nSteps = kSteps;
  run.nLayers = kLayers;
  run.nHeads = kHeads;
  run.seqLen = kTokens;
  run.grid = {2, 16, 16};
  run.blockQ = run.blockK = 64;
  run.dtype = "float32";
  run.seed = 7;
  run.label = 3;
  run.guidance = 4.5;
  return run;
}

bool staysDense(int32_t step, int32_t layer, int32_t head) {
  return step == 0 || (layer == 0 && head == 0);
}

db::HeadStats denseStats() {
  db::HeadStats s;
  s.densityQk = s.densityPv = s.recallMean = s.recallP01 = s.recallP05 = 1;
  s.errorL1 = 0;
  s.timeNs = kDenseNs;
  s.timeMethod = db::TimeMethod::Attributed;
  return s;
}

db::HeadStats sparseStats(int32_t step, int32_t layer, int32_t head, bool recalls) {
  db::HeadStats s = denseStats();
  s.densityQk = s.densityPv = 0.25F;
  s.recallMean = recalls ? float(recallOf(layer, head, step)) : db::kNotMeasured;
  s.recallP01 = s.recallP05 = s.recallMean;
  s.errorL1 = recalls ? 0.0625F + 0.03125F * float(layer) : db::kNotMeasured;
  s.timeNs = kExpectedNs + 20'000 * layer + 40'000 * head;
  return s;
}

using StatsOf = std::function<db::HeadStats(int32_t step, int32_t layer, int32_t head)>;

void write(const std::filesystem::path& path, const db::Run& run, const RunChanges& changes, bool sparse,
           const StatsOf& statsOf) {
  db::TraceWriter writer(path, run, {.overwrite = true});
  for (int32_t layer = 0; layer < kLayers; ++layer)
    writer.addLayer({.index = layer, .name = "blocks", .nHeads = kHeads, .headDim = 32});
  int64_t id = 0;
  for (int32_t step = 0; step < changes.steps; ++step) {
    db::Step row;
    row.index = step;
    writer.push(row);
    for (int32_t layer = 0; layer < kLayers; ++layer) {
      for (const db::Branch branch : {db::Branch::Cond, db::Branch::Uncond}) {
        db::AttnRecord record;
        db::AttnCall& call = record.call;
        call.id = ++id;
        call.step = step;
        call.layer = layer;
        call.branch = branch;
        call.qLen = call.kvLen = kTokens;
        call.blockQ = call.blockK = 64;
        call.plan = sparse && step > 0 ? "sparse" : "dense";
        call.searchNs = sparse ? 50'000 : 0;
        call.flopsDense = 4e9;
        for (int32_t head = 0; head < kHeads; ++head) {
          record.heads.push_back(statsOf(step, layer, head));
          db::HeadDecision decision;
          decision.method = !sparse ? "dense" : staysDense(step, layer, head) ? "config" : changes.method;
          record.decisions.push_back(decision);
          call.kernelNs += record.heads.back().timeNs;
          call.flopsDone += 2e9 * double(record.heads.back().densityQk);
        }
        writer.push(std::move(record));
      }
    }
  }
  writer.finalise(run);
}

}  // namespace

// 1/128, 2/128 and -4/128 from what is expected over the heads, and 1/256 more from step to step: sums of
// such numbers have no rounding.
double recallOf(int32_t layer, int32_t head, int32_t step) {
  const double ofHead = layer == 0 ? 0.0078125 : head == 0 ? 0.015625 : -0.03125;
  return kExpectedRecall + ofHead + 0.00390625 * (step - 2);
}

void writeDenseTrace(const std::filesystem::path& path, const RunChanges& changes) {
  db::Run run = runOf("dense");
  changes.run(run);
  write(path, run, changes, false, [](int32_t, int32_t, int32_t) { return denseStats(); });
}

void writeSparseTrace(const std::filesystem::path& path, const RunChanges& changes) {
  db::Run run = runOf("config:config.json");
  changes.run(run);
  write(path, run, changes, true, [&](int32_t step, int32_t layer, int32_t head) {
    return staysDense(step, layer, head) ? denseStats() : sparseStats(step, layer, head, changes.recalls);
  });
}

void writeVerifyConfig(const std::filesystem::path& path, const std::string& promise) {
  const db::Run run = runOf("");
  db::SparsityConfig config;
  config.model = {run.model, kLayers, kHeads, kTokens, run.grid, {}};
  config.scheduler = run.scheduler;
  config.steps = kSteps;
  config.blockQ = config.blockK = 64;
  config.defaults.method = "topk";
  config.defaults.parameters = {{"density", 0.25}};
  config.defaults.expected = {0.25, kExpectedRecall, kExpectedError, kExpectedNs};
  config.defaults.extensions = {{"x-ditscope-interval", R"({"time_ns":[380000,430000]})"}};
  config.schedule = {{.cells = {.steps = db::IndexRange{0, 0}}, .kind = db::StepKind::Dense}};
  db::ConfigOverride first;
  first.cells.layers = first.cells.heads = {{0, 0}};
  config.overrides = {first};
  if (!promise.empty()) config.extensions = {{"x-ditscope-tune", promise}};
  db::writeConfig(path, config);
}

}  // namespace ditscope::tests
