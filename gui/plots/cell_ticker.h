// SPDX-License-Identifier: GPL-3.0-or-later
// Ticks in the middle of every n-th cell, labelled by a function. For files that include qcustomplot.h.
#pragma once

#include <qcustomplot.h>

#include <functional>

namespace ditscope::gui {

class CellTicker : public QCPAxisTicker {
 public:
  void setLabels(int cells, std::function<QString(int)> label);

 protected:
  double getTickStep(const QCPRange& range) override;
  int getSubTickCount(double tickStep) override;
  QVector<double> createTickVector(double tickStep, const QCPRange& range) override;
  QString getTickLabel(double tick, const QLocale& locale, QChar formatChar, int precision) override;

 private:
  int m_cells = 0;
  std::function<QString(int)> m_label;
};

}  // namespace ditscope::gui
