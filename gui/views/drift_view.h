// SPDX-License-Identifier: GPL-3.0-or-later
// How far LSE and mask of the selected head move from step to step: may they be reused, and for how long?
#pragma once

#include "gui/models/drift_series.h"
#include "gui/views/pane.h"

class QLabel;

namespace ditscope::gui {

class DriftPlot;

class DriftView : public Pane {
  Q_OBJECT
 public:
  explicit DriftView(Session* session, QWidget* parent = nullptr);

  [[nodiscard]] const DriftSeries& series() const { return m_series; }
  void fit() override;
  [[nodiscard]] QString copyText() const override;
  [[nodiscard]] TableData table() const override;

 private:
  void reload();
  void showStep();
  [[nodiscard]] int nearestStep(double position) const;
  [[nodiscard]] QString describe(int step) const;

  QLabel* m_heading;
  DriftPlot* m_plot;
  QLabel* m_readout;
  DriftSeries m_series, m_other;  // m_other: of B, when both runs are shown
};

}  // namespace ditscope::gui
