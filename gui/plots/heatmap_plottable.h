// SPDX-License-Identifier: GPL-3.0-or-later
// A map of cells drawn from ready images: one pixel a cell, and where the screen has fewer pixels than the
// map has cells, from an image pooled to half, a quarter, ... of its size, so that no cell is dropped by the
// drawing. Cell (row, col) covers [col, col + 1) x [row, row + 1) of the axes. Transparent pixels show the
// "not measured" hatch. Include it only in files that already pay for qcustomplot.h.
#pragma once

#include <qcustomplot.h>

#include <map>

#include "gui/plots/heatmap_source.h"
#include "gui/plots/theme.h"

namespace ditscope::gui {

class HeatmapPlottable : public QCPAbstractPlottable {
  Q_OBJECT
 public:
  HeatmapPlottable(QCPAxis* keyAxis, QCPAxis* valueAxis);

  void setSource(HeatmapSource source);
  [[nodiscard]] const HeatmapSource& source() const { return m_source; }
  void setColours(const PlotColours& colours) { m_colours = colours; }
  // Cells that share a pixel edge in what was drawn last; {1, 1} when nothing was pooled.
  [[nodiscard]] QSize pooling() const { return m_pooling; }

  double selectTest(const QPointF& pos, bool onlySelectable, QVariant* details = nullptr) const override;
  QCPRange getKeyRange(bool& found, QCP::SignDomain domain) const override;
  QCPRange getValueRange(bool& found, QCP::SignDomain domain, const QCPRange& inKeyRange) const override;

 protected:
  void draw(QCPPainter* painter) override;
  void drawLegendIcon(QCPPainter* painter, const QRectF& rect) const override;

 private:
  [[nodiscard]] QRectF cellRect(double row, double col, double rows, double cols) const;
  [[nodiscard]] QRect visibleCells() const;  // x = columns, y = rows
  const QImage& pooledImage(int rowPool, int colPool);
  void drawDetails(QCPPainter& painter, const QRect& cells) const;
  void drawMarks(QCPPainter& painter, const QRect& cells) const;
  void drawTexts(QCPPainter& painter, const QRect& cells) const;

  HeatmapSource m_source;
  PlotColours m_colours;
  QSize m_pooling{1, 1};
  std::map<std::pair<int, int>, QImage> m_images;
};

}  // namespace ditscope::gui
