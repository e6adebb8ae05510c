// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "analyzer/exchange/cell_groups.h"
#include "analyzer/exchange/config_diff.h"
#include "analyzer/format.h"
#include "analyzer/machine_text.h"

namespace ditscope::analyzer {
namespace {

// "layers 0-3 heads 1,3 steps 4-19 cond", or "all cells".
std::string cellsText(const db::CellSelector& cells) {
  std::string text;
  if (!cells.layers.empty()) text += " layers " + rangesText(cells.layers, ',');
  if (!cells.heads.empty()) text += " heads " + rangesText(cells.heads, ',');
  if (cells.steps) text += " steps " + rangesText({*cells.steps}, ',');
  if (cells.branch) text += fmt::format(" {}", db::nameOf(*cells.branch));
  return text.empty() ? "all cells" : text.substr(1);
}

// "topk density=0.2 -> density=0.1": a method that stays is said once.
std::string changeText(const CellChange& change) {
  const std::string method = change.before.substr(0, change.before.find(' ')) + ' ';
  const bool stays = change.after.starts_with(method) && change.before.starts_with(method);
  return fmt::format("{} -> {}", plainText(change.before),
                     plainText(stays ? change.after.substr(method.size()) : change.after));
}

nlohmann::ordered_json rangesJson(const std::vector<db::IndexRange>& ranges) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const db::IndexRange& range : ranges) list.push_back({range.first, range.last});
  return list;
}

nlohmann::ordered_json changeJson(const CellChange& change) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (change.cells.steps) json["steps"] = {change.cells.steps->first, change.cells.steps->last};
  if (!change.cells.layers.empty()) json["layers"] = rangesJson(change.cells.layers);
  if (!change.cells.heads.empty()) json["heads"] = rangesJson(change.cells.heads);
  if (change.cells.branch) json["branch"] = db::nameOf(*change.cells.branch);
  json["cells"] = change.count;
  json["before"] = change.before;
  json["after"] = change.after;
  return json;
}

}  // namespace

std::string diffText(const ConfigDiff& diff) {
  if (diff.same()) return "no difference\n";
  std::string text;
  for (const FactChange& fact : diff.facts)
    text +=
        fmt::format("{}: {} -> {}\n", plainText(fact.name), plainText(fact.before), plainText(fact.after));
  for (const CellChange& change : diff.changes)
    text += fmt::format("{}: {}  ({} cells)\n", cellsText(change.cells), changeText(change), change.count);
  text += fmt::format("{} of {} cells run otherwise", diff.changedCells, diff.cells);
  if (diff.changedExpectations > 0) text += fmt::format(", {} expect otherwise", diff.changedExpectations);
  return text + '\n';
}

std::string diffJson(const std::string& before, const std::string& after, const ConfigDiff& diff) {
  nlohmann::ordered_json json = {{"schema", "ditscope.diff/1"},
                                 {"before", before},
                                 {"after", after},
                                 {"same", diff.same()},
                                 {"cells", diff.cells},
                                 {"changed_cells", diff.changedCells},
                                 {"changed_expectations", diff.changedExpectations}};
  json["facts"] = nlohmann::ordered_json::array();
  for (const FactChange& fact : diff.facts)
    json["facts"].push_back({{"name", fact.name}, {"before", fact.before}, {"after", fact.after}});
  json["changes"] = nlohmann::ordered_json::array();
  for (const CellChange& change : diff.changes) json["changes"].push_back(changeJson(change));
  return jsonText(json);
}

}  // namespace ditscope::analyzer
