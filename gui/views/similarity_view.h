// SPDX-License-Identifier: GPL-3.0-or-later
// Step against step: how much of the kept blocks of one head is the same. Blocks of light on the diagonal are
// steps that can share a mask. A click on a pair shows how its two masks differ, beneath.
#pragma once

#include "gui/models/similarity.h"
#include "gui/views/pane.h"

class QLabel;

namespace ditscope::gui {

class ClassLegend;
class ColourBar;
class HeatmapPlot;

class SimilarityView : public Pane {
  Q_OBJECT
 public:
  explicit SimilarityView(Session* session, QWidget* parent = nullptr);

  void choose(size_t first, size_t second);  // positions of steps
  [[nodiscard]] const MaskSimilarity* similarity() const { return m_similarity.get(); }
  [[nodiscard]] HeatmapPlot* plot() const { return m_plot; }

  void fit() override;
  [[nodiscard]] QString copyText() const override;
  [[nodiscard]] TableData table() const override;
  [[nodiscard]] bool settled() const override { return !m_task.busy(); }

 protected:
  void showEvent(QShowEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void reload();
  void draw();
  void drawPair();
  [[nodiscard]] QString describe(size_t first, size_t second) const;

  QLabel *m_heading, *m_pairHeading;
  HeatmapPlot *m_plot, *m_pair;
  ColourBar *m_bar, *m_pairBar;
  ClassLegend* m_legend;
  QLabel* m_readout;
  std::shared_ptr<const MaskSimilarity> m_similarity;
  Task<MaskSimilarity> m_task;
  size_t m_first = 0, m_second = 0;
  bool m_isDifference = false;  // the values are what B has more than A; the masks are of A
};

}  // namespace ditscope::gui
