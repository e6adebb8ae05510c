// SPDX-License-Identifier: Apache-2.0
#include "analyzer/report_drift.h"

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
using Series = std::vector<double> HeadDrift::*;

std::string cell(Series series, double value) {
  return formatCell(series == &HeadDrift::mask ? Quantity::MaskDrift : Quantity::LseDrift, value);
}

Summary summarySeries(const std::vector<double>& values) {
  Summary summary;
  for (const double value : values) summary.add(value);
  return summary;
}

// Range of the strips of all heads, so that they can be compared.
Range rangeOf(const std::vector<HeadDrift>& heads, Series series) {
  Summary all;
  for (const HeadDrift& head : heads)
    for (const double value : head.*series) all.add(value);
  return {0, all.count > 0 && all.max > 0 ? all.max : 1};
}

// The heads at one step: their mean, and the one that moved most, if any moved.
struct StepDrift {
  Summary summary;
  const HeadDrift* worst = nullptr;
};

StepDrift atStep(const std::vector<HeadDrift>& heads, Series series, size_t step) {
  StepDrift drift;
  for (const HeadDrift& head : heads) {
    const double value = (head.*series)[step];
    if (std::isfinite(value) && value > std::max(0.0, drift.summary.max)) drift.worst = &head;
    drift.summary.add(value);
  }
  return drift;
}

bool severalBranches(const std::vector<HeadDrift>& heads) {
  return std::ranges::any_of(heads,
                             [&](const HeadDrift& head) { return head.branch != heads.front().branch; });
}

std::string placeOf(const HeadDrift* head, bool withBranch) {
  if (head == nullptr) return std::string(kNoValue);
  const std::string place = fmt::format("layer {} head {}", head->layer, head->head);
  return withBranch ? fmt::format("{} {}", place, db::nameOf(head->branch)) : place;
}

std::string stepTable(const DriftTable& drift, const TextStyle& style) {
  const bool withBranch = severalBranches(drift.heads);
  TextTable table;
  table.addColumn("step");
  for (const auto* title : {"LSE drift [nats]", "largest", "mask drift", "largest"}) {
    table.addColumn(title);
    if (std::string_view(title) == "largest") table.addColumn("of", Align::Left);
  }
  for (size_t s = 0; s < drift.steps.size(); ++s) {
    std::vector<std::string> row{fmt::format("{}", drift.steps[s])};
    for (const Series series : {&HeadDrift::lse, &HeadDrift::mask}) {
      const StepDrift step = atStep(drift.heads, series, s);
      row.push_back(cell(series, step.summary.mean()));
      row.push_back(cell(series, step.summary.max));
      row.push_back(placeOf(step.worst, withBranch));
    }
    table.addRow(std::move(row));
  }
  return table.render(style);
}

std::vector<HeadDrift> mostDrifting(std::vector<HeadDrift> heads, size_t top) {
  const auto weight = [](const HeadDrift& head) {
    const double lse = summarySeries(head.lse).mean();
    const double mask = summarySeries(head.mask).mean();
    return std::pair(std::isnan(lse) ? -1 : lse, std::isnan(mask) ? -1 : mask);
  };
  std::ranges::stable_sort(heads, std::greater(), weight);
  heads.resize(std::min(top, heads.size()));
  return heads;
}

std::string headTable(const std::vector<HeadDrift>& heads, std::optional<double> reuseRecall,
                      const TextStyle& style) {
  const bool withBranch = severalBranches(heads);
  TextTable table;
  table.addColumn("layer");
  table.addColumn("head");
  if (withBranch) table.addColumn("branch", Align::Left);
  for (const auto* title : {"LSE drift [nats]", "mask drift"}) {
    table.addColumn(title);
    table.addColumn("largest");
    if (style.unicode) table.addColumn("over the steps", Align::Left);
  }
  if (reuseRecall) {
    table.addColumn("steps that a mask stays good for");
    table.addColumn("steps that an LSE stays good for");
  }
  const Range lseRange = rangeOf(heads, &HeadDrift::lse);
  const Range maskRange = rangeOf(heads, &HeadDrift::mask);
  for (const HeadDrift& head : heads) {
    std::vector<std::string> row{fmt::format("{}", head.layer), fmt::format("{}", head.head)};
    if (withBranch) row.emplace_back(db::nameOf(head.branch));
    for (const Series series : {&HeadDrift::lse, &HeadDrift::mask}) {
      const Summary summary = summarySeries(head.*series);
      row.push_back(cell(series, summary.mean()));
      row.push_back(cell(series, summary.max));
      if (style.unicode)
        row.push_back(heatStrip(head.*series, series == &HeadDrift::lse ? lseRange : maskRange, style));
    }
    for (const double steps : {head.reusableSteps, head.reusableLseSteps})
      if (reuseRecall)
        row.push_back(std::isnan(steps) ? std::string(kNoValue) : fmt::format("{:.0f}", steps));
    table.addRow(std::move(row));
  }
  std::string text = table.render(style);
  if (style.unicode)
    text +=
        "\n" + emphasise(fmt::format("strips: ▁ 0 to █ {} of LSE drift, {} of mask drift; · not measured\n",
                                     formatQuantity(Quantity::LseDrift, lseRange.hi),
                                     formatQuantity(Quantity::MaskDrift, maskRange.hi)),
                         Emphasis::Quiet, style);
  return text;
}

}  // namespace

std::string driftText(const DriftTable& drift, std::optional<size_t> top, const TextStyle& style) {
  std::string title = "Drift against the step before, from all query rows";
  if (drift.referenceStep)
    title = fmt::format("Drift against step {}, from block means: a lower bound of the drift of the rows",
                        *drift.referenceStep);
  std::string text = emphasise(title, Emphasis::Heading, style) + "\n\n" + stepTable(drift, style) + "\n" +
                     headTable(top ? mostDrifting(drift.heads, *top) : drift.heads, drift.reuseRecall, style);
  if (drift.reuseRecall)
    text += emphasise(
        fmt::format("good: a mask keeps a recall of {0:g}, masses computed with an LSE are off by at "
                    "most {1:g}; medians over the first half of the steps\n",
                    *drift.reuseRecall, 1 - *drift.reuseRecall),
        Emphasis::Quiet, style);
  int64_t leftOut = 0;
  for (const HeadDrift& head : drift.heads) leftOut += head.blocksLeftOut;
  if (leftOut > 0)
    text +=
        emphasise(fmt::format("{} without attention left out of the LSE drift\n", plural(leftOut, "block")),
                  Emphasis::Quiet, style);
  return text;
}

std::string driftCsv(const DriftTable& drift) {
  std::string csv = "layer,branch,head,step,lse_drift,lse_drift_signed,mask_drift";
  csv += drift.reuseRecall ? ",reusable_steps,reusable_lse_steps\n" : "\n";
  for (const HeadDrift& head : drift.heads)
    for (size_t s = 0; s < drift.steps.size(); ++s)
      csv += fmt::format(
          "{},{},{},{},{},{},{}{}\n", head.layer, db::nameOf(head.branch), head.head, drift.steps[s],
          csvNumber(head.lse[s]), csvNumber(head.lseSigned[s]), csvNumber(head.mask[s]),
          drift.reuseRecall
              ? fmt::format(",{},{}", csvNumber(head.reusableSteps), csvNumber(head.reusableLseSteps))
              : std::string());
  return csv;
}

std::string driftJson(const std::string& file, const DriftTable& drift) {
  const auto numbers = [](const std::vector<double>& values) {
    Json list = Json::array();
    for (const double value : values) list.push_back(jsonNumber(value));
    return list;
  };
  Json heads = Json::array();
  for (const HeadDrift& head : drift.heads) {
    heads.push_back({{"layer", head.layer},
                     {"branch", db::nameOf(head.branch)},
                     {"head", head.head},
                     {"lse_drift", numbers(head.lse)},
                     {"lse_drift_signed", numbers(head.lseSigned)},
                     {"mask_drift", numbers(head.mask)},
                     {"blocks_left_out", head.blocksLeftOut}});
    if (!drift.reuseRecall) continue;
    heads.back()["reusable_steps"] = jsonNumber(head.reusableSteps);
    heads.back()["reusable_lse_steps"] = jsonNumber(head.reusableLseSteps);
  }
  Json json({{"schema", "ditscope.drift/1"},
             {"file", file},
             {"reference_step", drift.referenceStep ? Json(*drift.referenceStep) : Json(nullptr)},
             {"lse_from", drift.referenceStep ? "block means" : "rows"},
             {"units", {{"lse_drift", "nats"}, {"lse_drift_signed", "nats"}, {"mask_drift", "fraction"}}},
             {"steps", drift.steps},
             {"heads", heads}});
  if (drift.reuseRecall) json["reuse_recall"] = jsonNumber(*drift.reuseRecall);
  return jsonText(json);
}

}  // namespace ditscope::analyzer
