// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/comparison.h"

#include <QObject>
#include <algorithm>
#include <cmath>

#include "gui/models/readout.h"

namespace ditscope::gui {
namespace {

Cell cellOf(const analyzer::HeadTable& table, size_t row) {
  Cell cell;
  cell.step = table.step[row];
  cell.layer = table.layer[row];
  cell.head = table.head[row];
  cell.branch = table.branch[row];
  return cell;
}

QString gridText(const db::TokenGrid& grid) {
  return QStringLiteral("%1\u00d7%2\u00d7%3").arg(grid.frames).arg(grid.rows).arg(grid.cols);
}

void note(QStringList& notices, const QString& what, const QString& a, const QString& b) {
  if (a != b)
    notices << QObject::tr("%1: A %2, B %3")
                   .arg(what, a.isEmpty() ? QStringLiteral("-") : a, b.isEmpty() ? QStringLiteral("-") : b);
}

}  // namespace

Alignment align(const Trace& a, const Trace& b) {
  Alignment result;
  for (size_t row = 0; row < a.table.size(); ++row)
    ++(b.row(cellOf(a.table, row)) ? result.both : result.onlyA);
  result.onlyB = int64_t(b.table.size()) - result.both;
  const db::Run &x = a.facts.run, &y = b.facts.run;
  QStringList& notices = result.notices;
  note(notices, QObject::tr("model"), text(x.model), text(y.model));
  note(notices, QObject::tr("steps"), QString::number(x.nSteps), QString::number(y.nSteps));
  note(notices, QObject::tr("layers"), QString::number(x.nLayers), QString::number(y.nLayers));
  note(notices, QObject::tr("heads"), QString::number(x.nHeads), QString::number(y.nHeads));
  note(notices, QObject::tr("token grid"), gridText(x.grid), gridText(y.grid));
  note(notices, QObject::tr("query block"), QString::number(x.blockQ), QString::number(y.blockQ));
  note(notices, QObject::tr("key block"), QString::number(x.blockK), QString::number(y.blockK));
  note(notices, QObject::tr("scheduler"), text(x.scheduler), text(y.scheduler));
  note(notices, QObject::tr("seed"), QString::number(x.seed), QString::number(y.seed));
  note(notices, QObject::tr("class label"), QString::number(x.label), QString::number(y.label));
  note(notices, QObject::tr("guidance"), numberText(x.guidance), numberText(y.guidance));
  return result;
}

double difference(const Trace& a, const Trace& b, const Cell& cell, analyzer::Quantity quantity) {
  return b.value(cell, quantity) - a.value(cell, quantity);
}

std::vector<CellChange> topChanges(const Trace& a, const Trace& b, analyzer::Quantity quantity, size_t most) {
  std::vector<CellChange> changes;
  const std::vector<double>& values = a.table.column(quantity);
  for (size_t row = 0; row < a.table.size(); ++row) {
    if (!std::isfinite(values[row])) continue;
    const Cell cell = cellOf(a.table, row);
    const CellChange change{cell, values[row], b.value(cell, quantity)};
    if (std::isfinite(change.b) && change.by() != 0) changes.push_back(change);
  }
  const size_t kept = std::min(most, changes.size());
  std::partial_sort(
      changes.begin(), changes.begin() + std::ptrdiff_t(kept), changes.end(),
      [](const CellChange& x, const CellChange& y) { return std::abs(x.by()) > std::abs(y.by()); });
  changes.resize(kept);
  return changes;
}

std::vector<RunFigure> runFigures(const Trace& a, const Trace& b) {
  const analyzer::TraceSummary &x = a.summary, &y = b.summary;
  return {{QObject::tr("Blocks kept, all calls"), x.densityAll.qk, y.densityAll.qk},
          {QObject::tr("Blocks kept, sparse calls"), x.densitySparse.qk, y.densitySparse.qk},
          {QObject::tr("Recall, sparse calls"), x.recallSparse.mean(), y.recallSparse.mean()},
          {QObject::tr("Lowest recall of a cell"), x.recallSparse.min, y.recallSparse.min},
          {QObject::tr("Attention FLOPs of dense"), x.flopsShare, y.flopsShare},
          {QObject::tr("Sampling"), x.time.samplingNs, y.time.samplingNs, true},
          {QObject::tr("Attention kernels"), x.time.attentionNs, y.time.attentionNs, true},
          {QObject::tr("Mask search"), x.time.searchNs, y.time.searchNs, true}};
}

}  // namespace ditscope::gui
