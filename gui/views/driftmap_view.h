// SPDX-License-Identifier: GPL-3.0-or-later
// How far LSE and mask of every head move from a step to choose, or from the step before: LSE change above,
// overlap of the kept blocks beneath, so that both halves of "it can be reused" are seen together.
#pragma once

#include "analyzer/drift.h"
#include "gui/views/pane.h"

class QComboBox;
class QLabel;

namespace ditscope::gui {

class ColourBar;
class HeatmapPlot;

class DriftMapView : public Pane {
  Q_OBJECT
 public:
  explicit DriftMapView(Session* session, QWidget* parent = nullptr);

  void setReference(std::optional<int> step);  // empty: the step before
  [[nodiscard]] const analyzer::DriftTable* drift() const { return m_drift.get(); }
  [[nodiscard]] HeatmapPlot* lsePlot() const { return m_lse; }

  void fit() override;
  [[nodiscard]] QString copyText() const override;
  [[nodiscard]] TableData table() const override;
  [[nodiscard]] bool settled() const override { return !m_task.busy(); }

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  void connectPlot(HeatmapPlot* plot);
  void offerSteps();
  void reload();
  void draw();
  void showSelection();
  [[nodiscard]] double overlapOf(double maskDrift) const { return (m_isDifference ? 0 : 1) - maskDrift; }
  [[nodiscard]] Cell cellAt(int row, int col) const;
  [[nodiscard]] QString describe(int row, int col) const;
  [[nodiscard]] std::optional<QPoint> position(const Cell& cell) const;

  QComboBox* m_reference;
  QLabel *m_heading, *m_maskTitle;
  HeatmapPlot *m_lse, *m_mask;
  ColourBar *m_lseBar, *m_maskBar;
  QLabel* m_readout;
  std::shared_ptr<const analyzer::DriftTable> m_drift;
  bool m_isDifference = false;  // m_drift is what B has more than A
  std::vector<size_t> m_rows;   // heads of the branch, in m_drift
  Task<analyzer::DriftTable> m_task;
};

}  // namespace ditscope::gui
