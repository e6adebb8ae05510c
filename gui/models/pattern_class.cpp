// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/pattern_class.h"

#include <QObject>
#include <algorithm>
#include <cmath>
#include <map>

#include "db/trace_reader.h"
#include "gui/models/readout.h"

namespace ditscope::gui {
namespace {

constexpr double kDense = 0.95, kFullColumn = 0.8, kMost = 0.6;
constexpr double kNear = 0.08;  // of the key blocks, on either side of the diagonal

bool kept(const db::BlockMask& mask, int row, int col) {
  return mask.at(row, col) != db::BlockState::Skipped;
}

double shareInFullColumns(const db::BlockMask& mask) {
  int64_t all = 0, inFull = 0;
  for (int col = 0; col < mask.cols(); ++col) {
    int64_t here = 0;
    for (int row = 0; row < mask.rows(); ++row) here += kept(mask, row, col);
    all += here;
    if (double(here) >= kFullColumn * mask.rows()) inFull += here;
  }
  return all > 0 ? double(inFull) / double(all) : 0;
}

// Share of the kept blocks for which `on` says yes to their distance from the diagonal, in key blocks.
template <class On>
double shareWhere(const db::BlockMask& mask, On on) {
  int64_t all = 0, chosen = 0;
  for (int row = 0; row < mask.rows(); ++row) {
    const double middle = (row + 0.5) * mask.cols() / mask.rows();
    for (int col = 0; col < mask.cols(); ++col) {
      if (!kept(mask, row, col)) continue;
      ++all;
      chosen += on(std::abs(col + 0.5 - middle));
    }
  }
  return all > 0 ? double(chosen) / double(all) : 0;
}

double blocksPerFrame(const db::Run& run) {
  const bool frames = run.grid.frames > 1 && run.blockK > 0;
  return frames ? double(run.grid.rows) * run.grid.cols / run.blockK : 0;
}

}  // namespace

QString shapeName(PatternShape shape) {
  switch (shape) {
    case PatternShape::None:
      return QObject::tr("nothing kept");
    case PatternShape::Dense:
      return QObject::tr("dense");
    case PatternShape::Columns:
      return QObject::tr("columns (sinks)");
    case PatternShape::Window:
      return QObject::tr("window");
    case PatternShape::Stripes:
      return QObject::tr("stripes by frame");
    case PatternShape::Scattered:
      break;
  }
  return QObject::tr("scattered");
}

PatternShape shapeOf(const db::BlockMask& mask, double perFrame) {
  if (mask.empty() || mask.keptCount() == 0) return PatternShape::None;
  if (mask.density() >= kDense) return PatternShape::Dense;
  if (shareInFullColumns(mask) >= kMost) return PatternShape::Columns;
  const double near = std::max(kNear * mask.cols(), 1.5);
  if (shareWhere(mask, [near](double away) { return away <= near; }) >= kMost) return PatternShape::Window;
  const bool frames = perFrame >= 3 && perFrame < mask.cols();
  if (frames && shareWhere(mask, [perFrame](double away) {
                  const double off = std::fmod(away, perFrame);
                  return std::min(off, perFrame - off) <= std::max(0.1 * perFrame, 0.75);
                }) >= kMost)
    return PatternShape::Stripes;
  return PatternShape::Scattered;
}

std::shared_ptr<const PatternTable> readPatterns(const Trace& trace, PatternSource source,
                                                 const std::function<bool(int64_t, int64_t)>& progress) {
  const size_t rows = trace.table.size();
  const double perFrame = blocksPerFrame(trace.facts.run);
  std::optional<db::TraceReader> reader;
  if (source == PatternSource::Shape)
    reader.emplace(trace.path, db::OpenOptions{.quickCheck = false, .cancelled = {}});
  std::map<QString, int64_t> counts;
  std::vector<QString> names(rows);
  for (size_t row = 0; row < rows; ++row) {
    if (progress && row % 64 == 0 && !progress(int64_t(row), int64_t(rows))) throw db::Cancelled();
    if (reader) {
      const auto mask = reader->mask(trace.table.callId[row], trace.table.head[row]);
      if (mask) names[row] = shapeName(shapeOf(*mask, perFrame));
    } else {
      const db::HeadDecision& decision = trace.table.decision[row];
      names[row] = text(decision.choice.empty() ? decision.method : decision.choice);
    }
    if (!names[row].isEmpty()) ++counts[names[row]];
  }
  std::vector<std::pair<QString, int64_t>> order(counts.begin(), counts.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  auto table = std::make_shared<PatternTable>();
  std::map<QString, int> place;
  for (const auto& [name, count] : order) {
    const bool last =
        order.size() > PatternTable::kMostClasses && table->classes.size() + 1 >= PatternTable::kMostClasses;
    if (!last || table->classes.size() < PatternTable::kMostClasses) {
      table->classes.push_back(last ? QObject::tr("other") : name);
      table->counts.push_back(0);
    }
    place[name] = int(table->classes.size()) - 1;
    table->counts.back() += count;
  }
  for (const QString& name : names) table->cell.push_back(name.isEmpty() ? -1 : place[name]);
  return table;
}

int flips(const std::vector<int>& classes) {
  int count = 0, before = -1;
  for (const int now : classes) {
    if (now < 0) continue;
    count += before >= 0 && now != before;
    before = now;
  }
  return count;
}

}  // namespace ditscope::gui
