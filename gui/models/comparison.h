// SPDX-License-Identifier: GPL-3.0-or-later
// Two runs side by side. Cells are compared where both have the same step, layer, branch and head; what keeps
// runs from aligning is said in words, never passed over.
#pragma once

#include <QString>
#include <QStringList>
#include <vector>

#include "gui/models/trace.h"

namespace ditscope::gui {

struct Alignment {
  int64_t both = 0, onlyA = 0, onlyB = 0;  // cells
  QStringList notices;                     // what differs between the runs themselves; empty: nothing found
  [[nodiscard]] bool complete() const { return onlyA == 0 && onlyB == 0 && notices.isEmpty(); }
};
[[nodiscard]] Alignment align(const Trace& a, const Trace& b);

// B - A; NaN where one of them was not measured.
[[nodiscard]] double difference(const Trace& a, const Trace& b, const Cell& cell,
                                analyzer::Quantity quantity);

struct CellChange {
  Cell cell;
  double a = analyzer::kNaN, b = analyzer::kNaN;
  [[nodiscard]] double by() const { return b - a; }
};
// Largest |B - A| first, at most `most`; all branches and steps that both runs have.
[[nodiscard]] std::vector<CellChange> topChanges(const Trace& a, const Trace& b, analyzer::Quantity quantity,
                                                 size_t most);

struct RunFigure {  // of the whole run; values in words, and as numbers for the difference
  QString name;
  double a = analyzer::kNaN, b = analyzer::kNaN;
  bool isTime = false;  // ns, else a fraction
};
[[nodiscard]] std::vector<RunFigure> runFigures(const Trace& a, const Trace& b);

}  // namespace ditscope::gui
