// SPDX-License-Identifier: GPL-3.0-or-later
// The blocks of the selected head: did the mask keep the right ones, and what did it miss? Query blocks go
// down, key blocks across; the strip at the right is the recall of each row, the one above the mass that each
// key block gets.
#pragma once

#include "gui/models/head_blocks.h"
#include "gui/views/mask_legend.h"
#include "gui/views/pane.h"

class QComboBox;
class QLabel;
class QVBoxLayout;
class QSlider;

namespace ditscope::gui {

class HeatmapPlot;

class MaskView : public Pane {
  Q_OBJECT
 public:
  explicit MaskView(Session* session, QWidget* parent = nullptr);

  void setShow(MaskShow show);
  void setOrder(std::optional<db::TokenOrder> order);  // empty: as recorded
  void setHeavyShare(double share);                    // of a row's mass that its heavy blocks hold
  [[nodiscard]] HeatmapPlot* plot() const { return m_plot; }
  [[nodiscard]] const HeadBlocksPtr& blocks() const { return m_blocks; }

  void fit() override;
  [[nodiscard]] QString copyText() const override;
  [[nodiscard]] TableData table() const override;
  [[nodiscard]] bool settled() const override;

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void buildControls(QVBoxLayout& column);
  void connectPlot();
  void ask();  // for the blocks of the pinned head
  void showBlocks(HeadBlocksPtr blocks);
  void showNothing(const QString& why);
  void drawMap();
  void drawEdges();
  void drawColumnMass();
  void drawLegend();
  void showReadout();
  [[nodiscard]] MaskShow effectiveShow() const;  // what can be shown of what was asked for
  [[nodiscard]] analyzer::HeavyRule rule() const;
  [[nodiscard]] std::optional<OrderRequest> orderRequest(const db::AttnCall& call) const;
  [[nodiscard]] QString describe(int row, int col) const;
  [[nodiscard]] const db::AttnCall* call() const;

  QLabel* m_heading;
  QComboBox* m_show;
  QComboBox* m_order;
  QSlider* m_heavy;
  QLabel* m_heavyText;
  HeatmapPlot* m_plot;
  ColourBar* m_bar;
  ClassLegend* m_legend;
  QLabel* m_note;
  QLabel* m_readout;
  HeadBlocksPtr m_blocks;
};

}  // namespace ditscope::gui
