// SPDX-License-Identifier: Apache-2.0
#include "collector/compare/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "collector/compare/variant.h"

namespace ditscope::collector::compare {
namespace {

struct TableColumn {
  const char* title;
  double RunMetrics::*value;
  int decimals;
  bool spread;  // with the standard deviation over the samples
};

constexpr std::array kTable = {
    TableColumn{"QK", &RunMetrics::densityQk, 3, false},
    TableColumn{"PV", &RunMetrics::densityPv, 3, false},
    TableColumn{"work, whole run", &RunMetrics::runFlops, 3, false},
    TableColumn{"recall", &RunMetrics::recall, 3, true},
    TableColumn{"recall p05", &RunMetrics::recallP05, 3, false},
    TableColumn{"its s.d. over heads", &RunMetrics::recallHeadSd, 3, false},
    TableColumn{"error", &RunMetrics::error, 3, true},
    TableColumn{"PSNR", &RunMetrics::psnr, 1, true},
    TableColumn{"SSIM", &RunMetrics::ssim, 3, true},
    TableColumn{"label as dense", &RunMetrics::labelAsDense, 2, false},
    TableColumn{"label as asked", &RunMetrics::labelAsAsked, 2, false},
    TableColumn{"attention s", &RunMetrics::attentionSeconds, 2, false},
    TableColumn{"search s", &RunMetrics::searchSeconds, 2, false},
    TableColumn{"total s", &RunMetrics::totalSeconds, 1, false},
    TableColumn{"total / dense", &RunMetrics::totalTimes, 2, true},
};

std::string number(const Spread& spread, const TableColumn& column) {
  if (std::isnan(spread.mean)) return "-";
  const std::string mean = fmt::format("{:.{}f}", spread.mean, column.decimals);
  if (!column.spread || std::isnan(spread.sd)) return mean;
  return fmt::format("{} ± {:.{}f}", mean, spread.sd, column.decimals);
}

std::string knobText(const Cell& cell) {  // the last parameter of the method's text
  const size_t start = cell.method.find_last_of(":,");
  return start == std::string::npos ? "" : cell.method.substr(start + 1);
}

std::string line(const Cell& cell, const std::string& target) {
  std::string text = fmt::format("| {} | {} {}| {} | {} |", cell.variant, target,
                                 cell.reach == Reach::Reached ? "" : reachText(cell.reach) + " ",
                                 knobText(cell), cell.runs.size());
  for (const TableColumn& column : kTable)
    text += ' ' + number(spreadOf(cell.runs, column.value), column) + " |";
  return text + '\n';
}

std::vector<std::string> variantsOf(const Results& results) {
  std::vector<std::string> names;
  for (const Cell& cell : results.cells) {
    if (std::ranges::find(names, cell.variant) == names.end()) names.push_back(cell.variant);
  }
  return names;
}

std::vector<const Cell*> cellsOf(const Results& results, const std::string& variant) {
  std::vector<const Cell*> cells;
  for (const Cell& cell : results.cells) {
    if (cell.variant == variant && !cell.runs.empty()) cells.push_back(&cell);
  }
  std::ranges::stable_sort(cells, std::greater(), &Cell::target);
  return cells;
}

// Targets that ended at the same value of the knob share a line.
std::string linesOf(const std::vector<const Cell*>& cells) {
  std::string text, targets;
  for (size_t i = 0; i < cells.size(); ++i) {
    targets += (targets.empty() ? "" : ", ") + densityText(cells[i]->target);
    if (i + 1 < cells.size() && cells[i + 1]->method == cells[i]->method) continue;
    text += line(*cells[i], targets);
    targets.clear();
  }
  return text;
}

std::string setupLine(const Results& results) {
  const nlohmann::json& setup = results.setup;
  double load = 0;
  int runs = 0;
  const auto add = [&](const Cell& cell) {
    for (const RunMetrics& run : cell.runs) {
      load += run.load;
      ++runs;
    }
  };
  add(results.dense);
  for (const Cell& cell : results.cells) add(cell);
  return fmt::format(
      "{}, {} steps of which the first {} dense, blocks of {}; {:.1f} processes a core on average\n\n",
      setup.value("model", ""), setup.value("steps", 0), setup.value("dense_steps", 0),
      setup.value("block", 0), runs > 0 ? load / runs : 0);
}

std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

}  // namespace

std::string toMarkdown(const Results& results) {
  std::string text = setupLine(results) + "| method | target | knob | samples |";
  std::string rule = "|---|---|---|---|";
  for (const TableColumn& column : kTable) {
    text += fmt::format(" {} |", column.title);
    rule += "---|";
  }
  text += '\n' + rule + '\n' + line(results.dense, "1");
  for (const std::string& variant : variantsOf(results)) {
    text += linesOf(cellsOf(results, variant));
  }
  std::set<std::string> said;
  for (const Cell& cell : results.cells) {
    if (!cell.refused.empty() && said.insert(cell.variant).second) {
      text += fmt::format("\n{} does not run here: {}\n", cell.variant, cell.refused);
    }
  }
  return text;
}

std::string toCsv(const Results& results) {
  std::string text = "variant,target,method,reach,seed,label";
  for (const MetricColumn& column : metricColumns()) text += fmt::format(",{}", column.key);
  text += '\n';
  const auto add = [&text](const Cell& cell) {
    for (const RunMetrics& run : cell.runs) {
      text += fmt::format("{},{},{},{},{},{}", quoted(cell.variant), cell.target, quoted(cell.method),
                          quoted(reachText(cell.reach)), run.seed, run.label);
      for (const MetricColumn& column : metricColumns()) {
        const double value = run.*column.value;
        text += std::isnan(value) ? "," : fmt::format(",{:.6g}", value);
      }
      text += '\n';
    }
  };
  add(results.dense);
  for (const Cell& cell : results.cells) add(cell);
  return text;
}

}  // namespace ditscope::collector::compare
