// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/cell_cursor.h"

namespace ditscope::gui {
namespace {

constexpr double kSmallestFrame = 7;   // pixels; tiny cells get a larger frame around them
constexpr double kHairlineBelow = 14;  // pixels; larger cells are found without help

}  // namespace

CellCursor::CellCursor(QCPAxisRect* rect, const QString& layer)
    : QCPLayerable(rect->parentPlot(), layer), m_rect(rect) {}

void CellCursor::applyDefaultAntialiasingHint(QCPPainter* painter) const {
  painter->setAntialiasing(false);
}

QRectF CellCursor::frameOf(QPoint cell) const {
  const QCPAxis* x = m_rect->axis(QCPAxis::atBottom);
  const QCPAxis* y = m_rect->axis(QCPAxis::atLeft);
  QRectF frame = QRectF(QPointF(x->coordToPixel(cell.x()), y->coordToPixel(cell.y())),
                        QPointF(x->coordToPixel(cell.x() + 1), y->coordToPixel(cell.y() + 1)))
                     .normalized();
  const double dx = std::max(0.0, kSmallestFrame - frame.width()) / 2;
  const double dy = std::max(0.0, kSmallestFrame - frame.height()) / 2;
  return frame.adjusted(-dx, -dy, dx, dy);
}

// A coloured frame inside one in the background's colour: visible on every cell colour.
void CellCursor::drawFrame(QPainter& painter, QPoint cell, double width, const QColor& colour) const {
  const QRectF frame = frameOf(cell);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(
      QPen(m_colours.dark ? Qt::black : Qt::white, width + 2, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
  painter.drawRect(frame);
  painter.setPen(QPen(colour, width, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
  painter.drawRect(frame);
}

void CellCursor::draw(QCPPainter* painter) {
  const QRectF area = m_rect->rect();
  if (m_pinned) {
    const QRectF frame = frameOf(*m_pinned);
    if (std::min(frame.width(), frame.height()) < kHairlineBelow) {
      QColor line = m_colours.text;
      line.setAlpha(110);
      painter->setPen(QPen(line, 1));
      const QPointF centre = frame.center();
      painter->drawLine(QLineF(area.left(), centre.y(), frame.left(), centre.y()));
      painter->drawLine(QLineF(frame.right(), centre.y(), area.right(), centre.y()));
      painter->drawLine(QLineF(centre.x(), area.top(), centre.x(), frame.top()));
      painter->drawLine(QLineF(centre.x(), frame.bottom(), centre.x(), area.bottom()));
    }
  }
  if (m_hovered && m_hovered != m_pinned) drawFrame(*painter, *m_hovered, 1, m_colours.text);
  if (m_pinned) drawFrame(*painter, *m_pinned, 2, m_colours.dark ? QColor(Qt::white) : QColor(Qt::black));
}

}  // namespace ditscope::gui
