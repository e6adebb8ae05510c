// SPDX-License-Identifier: GPL-3.0-or-later
// Recall over density: which heads bend, and what does a budget buy? The curve of the selected head, those of
// all heads together at one density for all and at the best density for each, what the run did, and a budget
// line to drag.
#pragma once

#include "gui/models/curves.h"
#include "gui/views/pane.h"

class QLabel;

namespace ditscope::gui {

class XyPlot;

class RecallView : public Pane {
  Q_OBJECT
 public:
  explicit RecallView(Session* session, QWidget* parent = nullptr);

  void setBudget(double density);  // of 0 to 1
  [[nodiscard]] double budget() const { return m_budget; }
  [[nodiscard]] const std::vector<HeadCurve>& heads() const { return m_heads; }
  [[nodiscard]] XyPlot* plot() const { return m_plot; }

  void fit() override;
  [[nodiscard]] QString copyText() const override;
  [[nodiscard]] TableData table() const override;
  [[nodiscard]] bool settled() const override { return !session().readsCurves(); }

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  void connectPlot();
  void reload();  // another trace, or its curves have come
  void draw();    // another head
  void showBudget();
  void showEmpty(const QString& why);
  [[nodiscard]] const HeadCurve* selected() const;
  [[nodiscard]] QString describe(const HeadCurve& head) const;

  QLabel* m_heading;
  XyPlot* m_plot;
  QLabel* m_readout;
  std::vector<HeadCurve> m_heads;
  std::vector<RecallPoint> m_uniform, m_perHead;
  double m_budget = 0.25;
};

}  // namespace ditscope::gui
