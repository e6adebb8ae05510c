// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/cell_ticker.h"

#include <algorithm>
#include <cmath>

namespace ditscope::gui {

void CellTicker::setLabels(int cells, std::function<QString(int)> label) {
  m_cells = cells;
  m_label = std::move(label);
}

double CellTicker::getTickStep(const QCPRange& range) {
  const double wanted = range.size() / std::max(tickCount(), 1);
  double step = 1;
  for (const double factor : {2.0, 2.5, 2.0})  // 1, 2, 5, 10, ...
    if (step < wanted) step *= factor;
  while (step < wanted) step *= 2;
  return std::max(1.0, std::round(step));
}

int CellTicker::getSubTickCount(double) {
  return 0;
}

QVector<double> CellTicker::createTickVector(double tickStep, const QCPRange& range) {
  QVector<double> ticks;
  const int step = std::max(1, int(tickStep));
  const int first = std::max(0, int(std::ceil((range.lower - 0.5) / step)) * step);
  for (int cell = first; cell < m_cells && cell + 0.5 <= range.upper; cell += step) ticks << cell + 0.5;
  return ticks;
}

QString CellTicker::getTickLabel(double tick, const QLocale&, QChar, int) {
  const int cell = int(std::floor(tick));
  return m_label ? m_label(cell) : QString::number(cell);
}

}  // namespace ditscope::gui
