// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/heatmap_plottable.h"

#include <algorithm>
#include <cmath>

#include "gui/plots/colour_map.h"

namespace ditscope::gui {
namespace {

constexpr double kMarkSize = 8;    // pixels; smaller cells carry no mark
constexpr double kGapSize = 14;    // pixels; smaller cells touch
constexpr double kTextMargin = 4;  // pixels left and right of a cell's text

// The smallest power of two that brings `cells` down to one pixel each.
int poolFactor(double cells, double pixels) {
  int factor = 1;
  while (cells > pixels * factor && factor < (1 << 20)) factor *= 2;
  return factor;
}

}  // namespace

HeatmapPlottable::HeatmapPlottable(QCPAxis* keyAxis, QCPAxis* valueAxis)
    : QCPAbstractPlottable(keyAxis, valueAxis) {
  setAntialiased(false);
  setSelectable(QCP::stNone);
}

void HeatmapPlottable::setSource(HeatmapSource source) {
  m_source = std::move(source);
  m_images.clear();
}

double HeatmapPlottable::selectTest(const QPointF&, bool, QVariant*) const {
  return -1;
}

QCPRange HeatmapPlottable::getKeyRange(bool& found, QCP::SignDomain) const {
  found = m_source.cols > 0;
  return {0, double(m_source.cols)};
}

QCPRange HeatmapPlottable::getValueRange(bool& found, QCP::SignDomain, const QCPRange&) const {
  found = m_source.rows > 0;
  return {0, double(m_source.rows)};
}

QRectF HeatmapPlottable::cellRect(double row, double col, double rows, double cols) const {
  return QRectF(coordsToPixels(col, row), coordsToPixels(col + cols, row + rows)).normalized();
}

QRect HeatmapPlottable::visibleCells() const {
  const QCPRange x = keyAxis()->range();
  const QCPRange y = valueAxis()->range();
  const auto clampTo = [](double value, int count) { return int(std::clamp(value, 0.0, double(count))); };
  const QPoint first(clampTo(std::floor(x.lower), m_source.cols),
                     clampTo(std::floor(y.lower), m_source.rows));
  const QPoint last(clampTo(std::ceil(x.upper), m_source.cols), clampTo(std::ceil(y.upper), m_source.rows));
  return {first, QSize(last.x() - first.x(), last.y() - first.y())};
}

const QImage& HeatmapPlottable::pooledImage(int rowPool, int colPool) {
  QImage& image = m_images[{rowPool, colPool}];
  if (image.isNull()) {
    const int rows = (m_source.rows + rowPool - 1) / rowPool;
    const int cols = (m_source.cols + colPool - 1) / colPool;
    image = m_source.image(rows, cols).convertToFormat(QImage::Format_ARGB32_Premultiplied);
  }
  return image;
}

void HeatmapPlottable::draw(QCPPainter* painter) {
  const QRect cells = visibleCells();
  if (!m_source.image || cells.isEmpty()) return;
  const double ratio = painter->device()->devicePixelRatioF();
  const QRectF target = cellRect(cells.y(), cells.x(), cells.height(), cells.width());
  m_pooling = QSize(poolFactor(cells.width(), target.width() * ratio),
                    poolFactor(cells.height(), target.height() * ratio));
  const QImage& image = pooledImage(m_pooling.height(), m_pooling.width());
  if (image.isNull()) return;

  const double perCol = double(image.width()) / m_source.cols;
  const double perRow = double(image.height()) / m_source.rows;
  const QRectF part(cells.x() * perCol, cells.y() * perRow, cells.width() * perCol, cells.height() * perRow);
  painter->save();
  painter->setAntialiasing(false);
  painter->setRenderHint(QPainter::SmoothPixmapTransform, false);
  painter->fillRect(target, notMeasuredBrush(m_colours));
  painter->drawImage(target, image, part);
  if (m_pooling == QSize(1, 1)) drawDetails(*painter, cells);
  painter->restore();
}

void HeatmapPlottable::drawDetails(QCPPainter& painter, const QRect& cells) const {
  const QSizeF size = cellRect(cells.y(), cells.x(), 1, 1).size();
  const double smaller = std::min(size.width(), size.height());
  if (m_source.gaps && smaller >= kGapSize) {
    painter.setPen(QPen(m_colours.background, 1));
    const QRectF all = cellRect(cells.y(), cells.x(), cells.height(), cells.width());
    for (int col = cells.left(); col <= cells.right() + 1; ++col) {
      const double x = keyAxis()->coordToPixel(col);
      painter.drawLine(QLineF(x, all.top(), x, all.bottom()));
    }
    for (int row = cells.top(); row <= cells.bottom() + 1; ++row) {
      const double y = valueAxis()->coordToPixel(row);
      painter.drawLine(QLineF(all.left(), y, all.right(), y));
    }
  }
  if (m_source.mark && smaller >= kMarkSize) drawMarks(painter, cells);
  if (m_source.text) drawTexts(painter, cells);
}

void HeatmapPlottable::drawMarks(QCPPainter& painter, const QRect& cells) const {
  QVector<QLineF> crosses, slashes;
  for (int row = cells.top(); row <= cells.bottom(); ++row) {
    for (int col = cells.left(); col <= cells.right(); ++col) {
      const CellMark mark = m_source.mark(row, col);
      if (mark == CellMark::None) continue;
      const QRectF rect = cellRect(row, col, 1, 1);
      const double reach = std::min(rect.width(), rect.height()) * 0.24;
      const QRectF box(rect.center() - QPointF(reach, reach), QSizeF(2 * reach, 2 * reach));
      const QLineF slash(box.bottomLeft(), box.topRight());
      if (mark == CellMark::Cross) {
        crosses << slash << QLineF(box.topLeft(), box.bottomRight());
      } else {
        slashes << slash;
      }
    }
  }
  painter.setAntialiasing(true);
  painter.setPen(QPen(Qt::white, 1.5));
  painter.drawLines(crosses);
  painter.setPen(QPen(m_colours.dark ? QColor(0xff8db8dc) : QColor(0xff5b8db8), 1));
  painter.drawLines(slashes);
}

void HeatmapPlottable::drawTexts(QCPPainter& painter, const QRect& cells) const {
  const QImage& image = m_images.at({1, 1});
  const QFontMetricsF metrics(painter.font());
  for (int row = cells.top(); row <= cells.bottom(); ++row) {
    for (int col = cells.left(); col <= cells.right(); ++col) {
      const QRectF rect = cellRect(row, col, 1, 1);
      const QString label = m_source.text(row, col);
      if (label.isEmpty() || rect.height() < metrics.height() + 2) continue;
      if (metrics.horizontalAdvance(label) + 2 * kTextMargin > rect.width()) continue;
      const QRgb pixel = image.pixel(col, row);
      if (qAlpha(pixel) == 0)
        painter.setPen(m_colours.text);
      else
        painter.setPen(isDark(pixel) ? Qt::white : QColor(0xff16181b));
      painter.drawText(rect, Qt::AlignCenter, label);
    }
  }
}

void HeatmapPlottable::drawLegendIcon(QCPPainter* painter, const QRectF& rect) const {
  painter->fillRect(rect, notMeasuredBrush(m_colours));
}

}  // namespace ditscope::gui
