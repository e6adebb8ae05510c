// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <nlohmann/json.hpp>

#include "analyzer/machine_text.h"
#include "analyzer/report_info.h"
#include "db/enum_names.h"

namespace ditscope::analyzer {
namespace {

using Json = nlohmann::ordered_json;

Json nanoseconds(double ns) {
  return std::isnan(ns) ? Json(nullptr) : Json(std::llround(ns));
}

Json runJson(const db::Run& run) {
  return {{"uuid", run.uuid},
          {"group_uuid", run.groupUuid},
          {"rank", run.rank},
          {"started_utc_ns", run.startedUtcNs},
          {"duration_ns", run.durationNs},
          {"tool", run.tool},
          {"source", run.source},
          {"source_file", run.sourceFile},
          {"model", run.model},
          {"model_path", run.modelPath},
          {"scheduler", run.scheduler},
          {"method", run.method},
          {"record", db::nameOf(run.record)},
          {"steps", run.nSteps},
          {"layers", run.nLayers},
          {"heads", run.nHeads},
          {"tokens", run.seqLen},
          {"grid", {{"frames", run.grid.frames}, {"rows", run.grid.rows}, {"cols", run.grid.cols}}},
          {"text_tokens", run.text.end - run.text.begin},
          {"block_q", run.blockQ},
          {"block_k", run.blockK},
          {"dtype", run.dtype},
          {"seed", run.seed},
          {"label", run.label >= 0 ? Json(run.label) : Json(nullptr)},
          {"guidance", jsonNumber(run.guidance)},
          {"git_commit", run.gitCommit},
          {"torch", run.torch},
          {"blas", run.blas},
          {"cuda", run.cuda},
          {"driver", run.driver},
          {"cupti", run.cupti}};
}

Json healthJson(const TraceSummary& s) {
  Json health = {{"ok", s.healthy()},
                 {"finalised", s.run.finalised},
                 {"losses", Json::object()},
                 {"diagnostics", Json::array()}};
  for (const db::HealthCounter& loss : s.losses) health["losses"][loss.name] = loss.value;
  for (const db::Diagnostic& d : s.diagnostics)
    health["diagnostics"].push_back({{"time_ns", d.timeNs}, {"severity", d.severity}, {"text", d.text}});
  return health;
}

Json overheadJson(const TraceSummary& s) {
  if (!s.overheadMeasured) return nullptr;
  return {{"ratio", jsonNumber(s.run.overheadRatio)},
          {"lo", jsonNumber(s.run.overheadLo)},
          {"hi", jsonNumber(s.run.overheadHi)}};
}

Json devicesJson(const TraceSummary& s) {
  Json devices = Json::array();
  for (const db::Device& d : s.devices)
    devices.push_back(
        {{"name", d.name}, {"ordinal", d.ordinal}, {"units", d.smCount}, {"memory_bytes", d.memoryBytes}});
  return devices;
}

Json densityJson(const DensityPair& density) {
  return {{"density_qk", jsonNumber(density.qk)}, {"density_pv", jsonNumber(density.pv)}};
}

Json decisionsJson(const DecisionCounts& decisions) {
  Json methods = Json::object();
  for (const auto& [name, method] : decisions.methods) methods[name] = method.choices;
  return {{"cells_by_choice", methods}, {"cells_that_reuse", decisions.sourceStep.count}};
}

Json recallJson(const TraceSummary& s) {
  Json worst = Json::array();
  for (const WorstHead& head : s.worstHeads)
    worst.push_back({{"layer", head.layer},
                     {"head", head.head},
                     {"recall", jsonNumber(head.recall)},
                     {"lowest_recall_p05", jsonNumber(head.recallP05)},
                     {"at_step", head.worstStep >= 0 ? Json(head.worstStep) : Json(nullptr)}});
  return {{"mean", jsonNumber(s.recallSparse.mean())},
          {"p05_mean", jsonNumber(s.recallP05Sparse.mean())},
          {"measured", s.recallSparse.count},
          {"not_measured", s.recallSparse.notMeasured},
          {"worst_heads", worst}};
}

}  // namespace

std::string infoJson(const std::string& file, const TraceSummary& s) {
  const Json json = {
      {"schema", "ditscope.info/1"},
      {"file", file},
      {"health", healthJson(s)},
      {"recording_overhead", overheadJson(s)},
      {"run", runJson(s.run)},
      {"devices", devicesJson(s)},
      {"recorded",
       {{"steps", s.stepsRecorded},
        {"calls", s.calls},
        {"sparse_calls", s.sparseCalls},
        {"cells", s.cells},
        {"kernels", s.kernels}}},
      {"methods", decisionsJson(s.decisions)},
      {"density", {{"whole_run", densityJson(s.densityAll)}, {"sparse_calls", densityJson(s.densitySparse)}}},
      {"attention_flops_share", jsonNumber(s.flopsShare)},
      {"recall_of_sparse_calls", recallJson(s)},
      {"time_ns",
       {{"sampling", nanoseconds(s.time.samplingNs)},
        {"attention", nanoseconds(s.time.attentionNs)},
        {"search", nanoseconds(s.time.searchNs)},
        {"other", nanoseconds(s.time.otherNs)},
        {"recording", nanoseconds(s.time.recordNs)}}}};
  return jsonText(json);
}

}  // namespace ditscope::analyzer
