// SPDX-License-Identifier: Apache-2.0
#include "analyzer/verify/report_verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "analyzer/format.h"
#include "analyzer/machine_text.h"
#include "analyzer/text_table.h"
#include "db/enum_names.h"

namespace ditscope::analyzer {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kWorstHeads = 5;

struct MeasureInfo {
  Measure measure;
  const char* label;
  const char* key;
};
constexpr std::array<MeasureInfo, kMeasures> kMeasureInfos{{{Measure::Density, "density", "density"},
                                                            {Measure::Recall, "recall", "recall"},
                                                            {Measure::Error, "error", "error"},
                                                            {Measure::Time, "head time", "time_ns"}}};

std::string shown(Measure measure, double value) {
  if (std::isnan(value)) return std::string(kNoValue);
  return measure == Measure::Time ? formatDuration(value) : formatPercent(value, 2);
}

std::string signedShown(Measure measure, double value) {
  if (std::isnan(value)) return std::string(kNoValue);
  const std::string size = shown(measure, std::abs(value));
  return size == shown(measure, 0) ? size : (value < 0 ? "-" : "+") + size;
}

std::string times(double ratio) {
  return std::isnan(ratio) ? std::string("not known") : fmt::format("{:.2f} x", ratio);
}

std::string targetName(Target target) {
  return target == Target::Recall ? "recall" : target == Target::Error ? "error" : "speedup";
}

std::string promiseText(const Promise& p, const TextStyle& style) {
  const auto number = [&](double value) {
    if (p.target == Target::Speedup) return times(value);
    return std::isnan(value) ? std::string("not known") : formatPercent(value, 2);
  };
  const std::string what = p.target == Target::Recall  ? "mean recall of at least"
                           : p.target == Target::Error ? "mean error of at most"
                                                       : "attention faster by at least";
  const std::string verdict =
      p.kept ? emphasise("KEPT", Emphasis::Good, style) : emphasise("MISSED", Emphasis::Bad, style);
  return fmt::format("promise {}: {} {}; measured {}, predicted {}\n", verdict, what, number(p.value),
                     number(p.measured), number(p.predicted));
}

std::string attentionTable(const Verification& v, const TextStyle& style) {
  TextTable table;
  table.addColumn("self-attention of the run", Align::Left);
  for (const char* title : {"kernels", "mask search", "together"}) table.addColumn(title);
  const auto row = [&](const std::string& name, const AttentionTime& time) {
    table.addRow({plainText(name), formatDuration(double(time.kernelNs)),
                  formatDuration(double(time.searchNs)), formatDuration(double(time.total()))});
  };
  row(v.denseFile, v.dense);
  row(v.runFile, v.run);
  std::string text = table.render(style);
  text += fmt::format("faster by {} (predicted {})", times(v.speedup), times(v.predictedSpeedup));
  if (v.rounds.count > 0)
    text += fmt::format("; median of {} in turns, {} to {}", plural(v.rounds.count, "round"),
                        times(v.rounds.min), times(v.rounds.max));
  if (!std::isnan(v.flopsShare)) text += fmt::format("; {} of the dense FLOPs", formatPercent(v.flopsShare));
  return text + "\n";
}

std::string calibrationTable(const Verification& v, const TextStyle& style) {
  TextTable table;
  table.addColumn("by head", Align::Left);
  for (const char* title :
       {"heads", "predicted", "measured", "bias", "mean |diff|", "p90 |diff|", "rank corr.", "in interval"})
    table.addColumn(title);
  for (const auto& [measure, label, key] : kMeasureInfos) {
    const Calibration& c = v.calibration[static_cast<size_t>(measure)];
    table.addRow(
        {label, formatCount(c.pairs), shown(measure, c.meanPredicted), shown(measure, c.meanMeasured),
         signedShown(measure, c.bias), shown(measure, c.meanError), shown(measure, c.p90Error),
         std::isnan(c.rankCorrelation) ? std::string(kNoValue) : fmt::format("{:.2f}", c.rankCorrelation),
         std::isnan(c.inside) ? std::string(kNoValue) : formatPercent(c.inside)});
  }
  return table.render(style);
}

// Furthest below the predicted recall first; without a recall last.
std::vector<HeadCheck> worstFirst(std::vector<HeadCheck> heads) {
  std::erase_if(heads, [](const HeadCheck& head) { return !head.sparse; });
  std::ranges::stable_sort(heads, {}, [](const HeadCheck& head) {
    const double difference = head[Measure::Recall].difference();
    return std::isnan(difference) ? 2 : difference;
  });
  return heads;
}

std::string worstTable(const Verification& v, const TextStyle& style) {
  std::vector<HeadCheck> heads = worstFirst(v.heads);
  heads.resize(std::min(heads.size(), kWorstHeads));
  TextTable table;
  for (const char* title : {"layer", "head"}) table.addColumn(title);
  for (const char* title : {"branch", "method"}) table.addColumn(title, Align::Left);
  for (const char* title :
       {"recall", "predicted", "error", "predicted", "density", "predicted", "time", "predicted", "dense"})
    table.addColumn(title);
  for (const HeadCheck& head : heads) {
    std::vector<std::string> row{fmt::format("{}", head.key.layer), fmt::format("{}", head.key.head),
                                 std::string(db::nameOf(head.key.branch)), plainText(head.method)};
    for (const Measure m : {Measure::Recall, Measure::Error, Measure::Density, Measure::Time}) {
      row.push_back(shown(m, head[m].measured));
      row.push_back(shown(m, head[m].predicted));
    }
    row.push_back(shown(Measure::Time, head.denseNs));
    table.addRow(std::move(row));
  }
  return emphasise("Heads furthest below the predicted recall, means over their calls", Emphasis::Heading,
                   style) +
         "\n" + table.render(style);
}

Json calibrationJson(const Calibration& c) {
  return {{"heads", c.pairs},
          {"predicted", jsonNumber(c.meanPredicted)},
          {"measured", jsonNumber(c.meanMeasured)},
          {"bias", jsonNumber(c.bias)},
          {"mean_abs_difference", jsonNumber(c.meanError)},
          {"p90_abs_difference", jsonNumber(c.p90Error)},
          {"rank_correlation", jsonNumber(c.rankCorrelation)},
          {"heads_with_interval", c.withInterval},
          {"inside_interval", jsonNumber(c.inside)}};
}

Json headJson(const HeadCheck& head) {
  Json json = {{"layer", head.key.layer},
               {"head", head.key.head},
               {"branch", db::nameOf(head.key.branch)},
               {"method", head.method}};
  for (const auto& [measure, label, key] : kMeasureInfos) {
    const Pair& pair = head[measure];
    json[key] = {{"predicted", jsonNumber(pair.predicted)}, {"measured", jsonNumber(pair.measured)}};
    if (!std::isnan(pair.lo) && !std::isnan(pair.hi))
      json[key]["interval"] = {jsonNumber(pair.lo), jsonNumber(pair.hi)};
  }
  json["dense_time_ns"] = jsonNumber(head.denseNs);
  return json;
}

Json timeJson(const AttentionTime& time) {
  return {{"kernel_ns", time.kernelNs}, {"search_ns", time.searchNs}};
}

}  // namespace

std::string verifyText(const Verification& v, const TextStyle& style) {
  std::string text = emphasise(fmt::format("{}: {} against {}", plainText(v.configFile), plainText(v.runFile),
                                           plainText(v.denseFile)),
                               Emphasis::Heading, style) +
                     "\n";
  text += v.promise ? promiseText(*v.promise, style)
                    : emphasise("the configuration promises nothing (it has no x-ditscope-tune)\n",
                                Emphasis::Quiet, style);
  text += fmt::format("{} of {} heads sparse; over all compared cells recall {}, error {}\n", v.sparseHeads(),
                      v.heads.size(), shown(Measure::Recall, v.recall), shown(Measure::Error, v.error));
  for (const std::string& note : v.notes)
    text += emphasise("note: ", Emphasis::Warning, style) + plainText(note) + "\n";
  text += "\n" + attentionTable(v, style) + "\n" + calibrationTable(v, style);
  if (v.sparseHeads() > 0) text += "\n" + worstTable(v, style);
  return text;
}

std::string verifyJson(const Verification& v) {
  Json json = {
      {"schema", "ditscope.verify/1"}, {"config", v.configFile}, {"dense", v.denseFile}, {"run", v.runFile}};
  json["promise"] = nullptr;
  if (v.promise)
    json["promise"] = {{"target", targetName(v.promise->target)},
                       {"value", jsonNumber(v.promise->value)},
                       {"predicted", jsonNumber(v.promise->predicted)},
                       {"measured", jsonNumber(v.promise->measured)},
                       {"kept", v.promise->kept}};
  json["recall"] = jsonNumber(v.recall);
  json["error"] = jsonNumber(v.error);
  json["attention"] = {{"dense", timeJson(v.dense)},
                       {"run", timeJson(v.run)},
                       {"speedup", jsonNumber(v.speedup)},
                       {"rounds", v.rounds.count},
                       {"speedup_lo", jsonNumber(v.rounds.min)},
                       {"speedup_hi", jsonNumber(v.rounds.max)},
                       {"predicted_speedup", jsonNumber(v.predictedSpeedup)},
                       {"flops_share", jsonNumber(v.flopsShare)}};
  json["sparse_heads"] = v.sparseHeads();
  for (const auto& [measure, label, key] : kMeasureInfos)
    json["calibration"][key] = calibrationJson(v.calibration[static_cast<size_t>(measure)]);
  json["notes"] = v.notes;
  json["heads"] = Json::array();
  for (const HeadCheck& head : v.heads) json["heads"].push_back(headJson(head));
  return jsonText(json);
}

}  // namespace ditscope::analyzer
