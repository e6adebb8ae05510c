// SPDX-License-Identifier: Apache-2.0
#include "analyzer/report_heads.h"

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

// What fits a terminal; CSV and JSON have every quantity.
constexpr Quantity kTextQuantities[] = {Quantity::DensityQk, Quantity::Recall,   Quantity::RecallP05,
                                        Quantity::MaskDrift, Quantity::LseDrift, Quantity::ErrorL1,
                                        Quantity::Time,      Quantity::Budget};

struct KeyColumn {
  std::string_view name;
  int32_t CellKey::*member;
};

std::vector<KeyColumn> keyColumns(Axis by) {
  if (by == Axis::Step) return {{"step", &CellKey::step}};
  if (by == Axis::Layer) return {{"layer", &CellKey::layer}};
  return {{"layer", &CellKey::layer}, {"head", &CellKey::head}};
}

std::vector<Group> queried(const HeadTable& table, const HeadsQuery& query) {
  std::vector<Group> groups = groupCells(table, query.by, query.cells);
  if (query.sort) sortWorstFirst(groups, *query.sort);
  if (query.top && *query.top < groups.size()) groups.resize(*query.top);
  return groups;
}

bool measured(const std::vector<Group>& groups, Quantity q) {
  return std::ranges::any_of(groups, [&](const Group& group) { return group[q].count > 0; });
}

// What the method decided, where that was recorded; a method that all groups share stands below the table.
struct DecisionColumns {
  std::string sharedMethod;
  bool method = false, choices = false, threshold = false, reused = false;
};

DecisionColumns chooseDecisionColumns(const std::vector<Group>& groups) {
  DecisionColumns columns;
  for (const Group& group : groups) {
    const DecisionCounts& decisions = group.decisions;
    if (decisions.empty()) continue;
    if (!columns.choices) columns.sharedMethod = decisions.method();
    columns.choices = true;
    columns.method |= decisions.method() != columns.sharedMethod || decisions.method() == kMixed;
    columns.threshold |= decisions.threshold().count > 0;
    columns.reused |= decisions.sourceStep.count > 0;
  }
  return columns;
}

void addTitles(const DecisionColumns& columns, TextTable& text) {
  if (columns.threshold) text.addColumn("threshold");
  if (columns.reused) text.addColumn("reused");
  if (columns.method) text.addColumn("method", Align::Left);
  if (columns.choices) text.addColumn("choice", Align::Left);
}

void addCells(const DecisionColumns& columns, const DecisionCounts& decisions,
              std::vector<std::string>& row) {
  const auto number = [](double value) {
    return std::isnan(value) ? std::string(kNoValue) : fmt::format("{:.4g}", value);
  };
  if (columns.threshold) row.push_back(number(decisions.threshold().mean()));
  if (columns.reused) row.push_back(formatCount(decisions.sourceStep.count));
  if (columns.method) row.push_back(plainText(decisions.method()));
  if (columns.choices) row.push_back(choicesText(decisions.choices()));
}

// The quantities worth a column, and what the table leaves out because nothing was measured.
struct Columns {
  std::vector<Quantity> shown;
  std::vector<std::string_view> missing;
};

Columns chooseColumns(const std::vector<Group>& groups, std::optional<Quantity> sort) {
  Columns columns;
  std::vector<Quantity> wanted(std::begin(kTextQuantities), std::end(kTextQuantities));
  if (sort && std::ranges::find(wanted, *sort) == wanted.end()) wanted.push_back(*sort);
  for (const Quantity q : wanted) {
    if (measured(groups, q))
      columns.shown.push_back(q);
    else if (q != Quantity::Budget)  // not every method has one
      columns.missing.push_back(info(q).label);
  }
  return columns;
}

std::optional<db::TimeMethod> commonTimeMethod(const std::vector<Group>& groups) {
  for (const Group& group : groups)
    if (group.timeMethod != groups.front().timeMethod) return std::nullopt;
  return groups.empty() ? db::TimeMethod::None : groups.front().timeMethod;
}

std::string_view timeMethodName(std::optional<db::TimeMethod> method) {
  return method ? db::nameOf(*method) : "mixed";
}

std::string titleOf(Quantity q, const std::vector<Group>& groups) {
  if (q != Quantity::Time) return columnTitle(q);
  return fmt::format("{}, {}", columnTitle(q), timeMethodName(commonTimeMethod(groups)));
}

// One strip a group along the other axis: over the steps, or over the layers when the groups are steps.
struct Strips {
  Quantity quantity;
  Grid grid;
  Range range;
};

// Of the quantity sorted by, else of the first one that says most and is not the same everywhere.
std::optional<Strips> makeStrips(const HeadTable& table, const HeadsQuery& query) {
  if (query.cells.step && query.by != Axis::Step) return std::nullopt;
  std::vector<Quantity> candidates{Quantity::Recall, Quantity::LseDrift, Quantity::DensityQk};
  if (query.sort) candidates = {*query.sort};
  for (const Quantity quantity : candidates) {
    Grid grid =
        makeGrid(table, quantity, query.by, query.by == Axis::Step ? Axis::Layer : Axis::Step, query.cells);
    Summary values;
    for (const double value : grid.values) values.add(value);
    if (values.max > values.min) return Strips{quantity, std::move(grid), {values.min, values.max}};
  }
  return std::nullopt;
}

std::string stripOf(const Strips& strips, const CellKey& key, const TextStyle& style) {
  const auto found = std::ranges::lower_bound(strips.grid.rowKeys, key);
  return heatStrip(strips.grid.row(static_cast<size_t>(found - strips.grid.rowKeys.begin())), strips.range,
                   style);
}

std::string stripLegend(const Strips& strips, Axis by) {
  return fmt::format("strip: {} over the {}, ▁ {} to █ {}\n", info(strips.quantity).label,
                     by == Axis::Step ? "layers" : "steps", formatQuantity(strips.quantity, strips.range.lo),
                     formatQuantity(strips.quantity, strips.range.hi));
}

std::string notesText(const std::vector<Group>& groups, const Columns& columns) {
  std::string text;
  if (!columns.missing.empty()) text += fmt::format("not measured: {}\n", fmt::join(columns.missing, ", "));
  for (const Quantity q : columns.shown) {
    int64_t missing = 0;
    int64_t infinite = 0;
    for (const Group& group : groups) {
      missing += group[q].notMeasured;
      infinite += group[q].infinite;
    }
    if (missing > 0)
      text += fmt::format("{}: not measured in {}, left out\n", info(q).label, plural(missing, "cell"));
    if (infinite > 0)
      text += fmt::format("{}: infinite in {}, left out\n", info(q).label, plural(infinite, "cell"));
  }
  return text;
}

// Of a group that reuses one step's results in all its cells that reuse any; NaN otherwise.
double commonSourceStep(const DecisionCounts& decisions) {
  return decisions.sourceStep.min == decisions.sourceStep.max ? decisions.sourceStep.min : kNaN;
}

Json summaryJson(const Summary& summary, const char* reduced, double value) {
  return {{reduced, jsonNumber(value)},
          {"min", jsonNumber(summary.min)},
          {"max", jsonNumber(summary.max)},
          {"measured", summary.count}};
}

}  // namespace

std::string headsText(const HeadTable& table, const HeadsQuery& query, const TextStyle& style) {
  const std::vector<Group> groups = queried(table, query);
  const Columns columns = chooseColumns(groups, query.sort);
  const std::optional<Strips> strips = style.unicode ? makeStrips(table, query) : std::nullopt;
  TextTable text;
  for (const KeyColumn& key : keyColumns(query.by)) text.addColumn(std::string(key.name));
  text.addColumn("cells");
  for (const Quantity q : columns.shown) text.addColumn(titleOf(q, groups));
  const DecisionColumns decisions = chooseDecisionColumns(groups);
  addTitles(decisions, text);
  if (strips) text.addColumn("strip", Align::Left);
  for (const Group& group : groups) {
    std::vector<std::string> row;
    for (const KeyColumn& key : keyColumns(query.by)) row.push_back(fmt::format("{}", group.key.*key.member));
    row.push_back(formatCount(group.cells));
    for (const Quantity q : columns.shown) row.push_back(formatCell(q, group.value(q)));
    addCells(decisions, group.decisions, row);
    if (strips) row.push_back(stripOf(*strips, group.key, style));
    text.addRow(std::move(row));
  }
  std::string notes = notesText(groups, columns);
  if (decisions.choices && !decisions.method)
    notes = fmt::format("method: {}\n", plainText(decisions.sharedMethod)) + notes;
  if (strips) notes = stripLegend(*strips, query.by) + notes;
  return text.render(style) + (notes.empty() ? "" : "\n" + emphasise(notes, Emphasis::Quiet, style));
}

std::string headsCsv(const HeadTable& table, const HeadsQuery& query) {
  std::vector<std::string> cells;
  for (const KeyColumn& key : keyColumns(query.by)) cells.emplace_back(key.name);
  cells.emplace_back("cells");
  for (const QuantityInfo& q : quantities()) cells.emplace_back(q.key);
  for (const auto* name : {"time_method", "method", "choices", "threshold", "reused", "source_step"})
    cells.emplace_back(name);
  std::string csv = csvLine(cells);
  for (const Group& group : queried(table, query)) {
    cells.clear();
    for (const KeyColumn& key : keyColumns(query.by))
      cells.push_back(fmt::format("{}", group.key.*key.member));
    cells.push_back(fmt::format("{}", group.cells));
    for (const QuantityInfo& q : quantities()) cells.push_back(csvNumber(group.value(q.quantity)));
    cells.push_back(csvText(timeMethodName(group.timeMethod)));
    const DecisionCounts& decisions = group.decisions;
    cells.push_back(csvText(decisions.method()));
    cells.push_back(csvText(choicesText(decisions.choices())));
    cells.push_back(csvNumber(decisions.threshold().mean()));
    cells.push_back(fmt::format("{}", decisions.sourceStep.count));
    cells.push_back(csvNumber(commonSourceStep(decisions)));
    csv += csvLine(cells);
  }
  return csv;
}

std::string headsJson(const std::string& file, const HeadTable& table, const HeadsQuery& query) {
  Json rows = Json::array();
  for (const Group& group : queried(table, query)) {
    Json row;
    for (const KeyColumn& key : keyColumns(query.by)) row[std::string(key.name)] = group.key.*key.member;
    row["cells"] = group.cells;
    for (const QuantityInfo& q : quantities()) {
      row[std::string(q.key)] =
          summaryJson(group[q.quantity], q.reduce == Reduce::Sum ? "sum" : "mean", group.value(q.quantity));
    }
    row["time_method"] = timeMethodName(group.timeMethod);
    row["methods"] = Json::object();
    for (const auto& [name, method] : group.decisions.methods)
      row["methods"][name] = {{"choices", method.choices},
                              {"threshold", summaryJson(method.threshold, "mean", method.threshold.mean())}};
    const Summary& source = group.decisions.sourceStep;
    row["source_step"] = {
        {"min", jsonNumber(source.min)}, {"max", jsonNumber(source.max)}, {"cells", source.count}};
    rows.push_back(std::move(row));
  }
  Json units;
  for (const QuantityInfo& q : quantities()) units[std::string(q.key)] = unitName(q.unit);
  static constexpr std::string_view kBy[] = {"step", "layer", "head", "head"};
  return jsonText({{"schema", "ditscope.heads/1"},
                   {"file", file},
                   {"by", kBy[static_cast<size_t>(query.by)]},
                   {"step", query.cells.step ? Json(*query.cells.step) : Json(nullptr)},
                   {"units", units},
                   {"rows", rows}});
}

}  // namespace ditscope::analyzer
