// SPDX-License-Identifier: GPL-3.0-or-later
// Where the time of each step goes, as stacked bars: attention, mask search, the rest, recording on top. Of
// two runs, what the second takes more. A click chooses the step.
#pragma once

#include "gui/models/step_times.h"
#include "gui/views/pane.h"

class QLabel;

namespace ditscope::gui {

class XyPlot;

class TimeView : public Pane {
  Q_OBJECT
 public:
  explicit TimeView(Session* session, QWidget* parent = nullptr);

  [[nodiscard]] const StepTimes& times() const { return m_times; }
  [[nodiscard]] XyPlot* plot() const { return m_plot; }

  void fit() override;
  [[nodiscard]] QString copyText() const override;
  [[nodiscard]] TableData table() const override;

 private:
  void reload();
  void showStep();
  [[nodiscard]] QString describe(int step) const;
  [[nodiscard]] QString totals() const;

  QLabel* m_heading;
  XyPlot* m_plot;
  QLabel* m_readout;
  StepTimes m_times;
};

}  // namespace ditscope::gui
