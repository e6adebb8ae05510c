// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/config_edit.h"

#include <QObject>
#include <QStringList>
#include <algorithm>
#include <map>

#include "analyzer/exchange/choice_text.h"
#include "analyzer/tune/recording.h"
#include "gui/models/readout.h"

namespace ditscope::gui {
namespace {

// Ascending numbers as ranges.
std::vector<db::IndexRange> ranges(const std::vector<int>& sorted) {
  std::vector<db::IndexRange> result;
  for (const int value : sorted) {
    if (!result.empty() && result.back().last + 1 == value)
      result.back().last = value;
    else
      result.push_back({value, value});
  }
  return result;
}

// Layers that have the same heads share a selector; what spans the model is empty.
std::vector<db::CellSelector> selectorsFor(const db::SparsityConfig& config, const ConfigEdit& edit) {
  std::map<int, std::vector<int>> headsOf;
  for (const auto& [layer, head] : edit.heads) headsOf[layer].push_back(head);
  std::map<std::vector<int>, std::vector<int>> layersOf;
  for (auto& [layer, heads] : headsOf) {
    std::sort(heads.begin(), heads.end());
    heads.erase(std::unique(heads.begin(), heads.end()), heads.end());
    layersOf[heads].push_back(layer);
  }
  std::vector<db::CellSelector> selectors;
  for (const auto& [heads, layers] : layersOf) {
    db::CellSelector cells{.steps = edit.steps, .branch = edit.branch};
    if (int(layers.size()) < config.model.layers) cells.layers = ranges(layers);
    if (int(heads.size()) < config.model.heads) cells.heads = ranges(heads);
    selectors.push_back(std::move(cells));
  }
  return selectors;
}

QString rangeWords(const QString& one, const QString& many, const std::vector<db::IndexRange>& list) {
  QStringList parts;
  bool single = list.size() == 1;
  for (const db::IndexRange& range : list) {
    single &= range.first == range.last;
    parts << (range.first == range.last ? QString::number(range.first)
                                        : QStringLiteral("%1\u2013%2").arg(range.first).arg(range.last));
  }
  return (single ? one : many) + QChar(' ') + parts.join(QStringLiteral(", "));
}

}  // namespace

db::SparsityConfig edited(db::SparsityConfig config, const ConfigEdit& edit) {
  for (db::CellSelector& cells : selectorsFor(config, edit)) {
    std::erase_if(config.overrides, [&](const db::ConfigOverride& each) { return each.cells == cells; });
    if (cells == db::CellSelector{}) {  // every cell: nothing that was said before still counts
      config.overrides.clear();
      config.defaults = edit.choice;
      continue;
    }
    config.overrides.push_back({std::move(cells), edit.choice});
  }
  return config;
}

db::MethodChoice choiceFrom(const QString& words) {
  return analyzer::parseChoice(words.trimmed().toStdString());
}

QString choiceWords(const db::MethodChoice& choice) {
  return text(analyzer::choiceText(choice));
}

QString cellsWords(const db::CellSelector& cells) {
  QStringList parts;
  if (cells.steps) parts << rangeWords(QObject::tr("step"), QObject::tr("steps"), {*cells.steps});
  if (!cells.layers.empty()) parts << rangeWords(QObject::tr("layer"), QObject::tr("layers"), cells.layers);
  if (!cells.heads.empty()) parts << rangeWords(QObject::tr("head"), QObject::tr("heads"), cells.heads);
  if (cells.branch) parts << branchName(*cells.branch);
  return parts.isEmpty() ? QObject::tr("everything") : parts.join(QStringLiteral(", "));
}

}  // namespace ditscope::gui
