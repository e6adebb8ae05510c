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
  double decade = 1;
  while (decade * 10 < wanted) decade *= 10;
  for (const double factor : {1.0, 2.0, 5.0})
    if (decade * factor >= wanted) return decade * factor;
  return decade * 10;
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
