// SPDX-License-Identifier: GPL-3.0-or-later
// The pinned cell as a frame with hairlines along its row and column, and the hovered one as a thin frame.
// Lives on a layer of its own, so that moving it does not redraw the map. For files with qcustomplot.h.
#pragma once

#include <qcustomplot.h>

#include <optional>

#include "gui/plots/theme.h"

namespace ditscope::gui {

class CellCursor : public QCPLayerable {
  Q_OBJECT
 public:
  CellCursor(QCPAxisRect* rect, const QString& layer);

  void setColours(const PlotColours& colours) { m_colours = colours; }
  void setPinned(std::optional<QPoint> cell) { m_pinned = cell; }
  void setHovered(std::optional<QPoint> cell) { m_hovered = cell; }

 protected:
  void applyDefaultAntialiasingHint(QCPPainter* painter) const override;
  void draw(QCPPainter* painter) override;
  QRect clipRect() const override { return m_rect->rect(); }

 private:
  [[nodiscard]] QRectF frameOf(QPoint cell) const;
  void drawFrame(QPainter& painter, QPoint cell, double width, const QColor& colour) const;

  QCPAxisRect* m_rect;
  PlotColours m_colours;
  std::optional<QPoint> m_pinned, m_hovered;
};

}  // namespace ditscope::gui
