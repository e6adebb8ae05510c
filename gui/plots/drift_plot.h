// SPDX-License-Identifier: GPL-3.0-or-later
// Drift curves over the steps: LSE change above (mean, and the band from the median to the 90th percentile
// of the query rows), mask change beneath, the current step marked. A click chooses a step.
#pragma once

#include <QWidget>

#include "gui/models/drift_series.h"

class QCPAxisRect;
class QCPGraph;
class QCPItemStraightLine;
class QCustomPlot;

namespace ditscope::gui {

class LineLegend;
class Navigator;

class DriftPlot : public QWidget {
  Q_OBJECT
 public:
  explicit DriftPlot(QWidget* parent = nullptr);

  // `other`: of run B, drawn dashed; empty: none. lseTop: upper end of the LSE axis, nats.
  void setSeries(const DriftSeries& series, const DriftSeries& other, double lseTop);
  void setStep(double step);
  void fit();
  [[nodiscard]] QCustomPlot* canvas() const { return m_plot; }

 signals:
  void stepClicked(double step);
  void stepHovered(double step);
  void pointerLeft();
  void moveAsked(int steps);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void buildGraphs();
  void addMoveActions();
  void applyColours();
  void nameCurves();

  LineLegend* m_legend;
  QCustomPlot* m_plot;
  QCPAxisRect* m_lseRect;
  QCPAxisRect* m_maskRect;
  QCPGraph *m_median, *m_p90, *m_layer, *m_mean, *m_mask, *m_otherMean, *m_otherMask;
  bool m_hasOther = false;
  QCPItemStraightLine *m_lseStep, *m_maskStep;
  Navigator *m_lseNavigator, *m_maskNavigator;
};

}  // namespace ditscope::gui
