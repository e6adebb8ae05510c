// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/colour_bar.h"

#include <QPainter>
#include <algorithm>
#include <cmath>

#include "gui/plots/theme.h"

namespace ditscope::gui {
namespace {

constexpr int kBarWidth = 14;
constexpr int kArrow = 7;
constexpr int kTick = 4;
constexpr int kMargin = 8;
constexpr int kMostTicks = 6;

}  // namespace

ColourBar::ColourBar(QWidget* parent) : QWidget(parent) {
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Expanding);
  setAccessibleName(tr("Colour scale"));
}

void ColourBar::setLegend(ColourLegend legend) {
  m_legend = std::move(legend);
  updateGeometry();
  update();
}

std::vector<double> ColourBar::ticks() const {
  const ValueScale& scale = m_legend.scale;
  std::vector<double> ticks;
  if (!(scale.hi > scale.lo)) return {scale.lo};
  if (scale.log) {
    const double decades = std::log10(scale.hi / scale.lo);
    const double stride = std::max(1.0, std::ceil(decades / kMostTicks));
    for (double e = std::ceil(std::log10(scale.lo) - 1e-9); std::pow(10, e) <= scale.hi * 1.001; e += stride)
      ticks.push_back(std::pow(10, e));
    return ticks;
  }
  const double rough = (scale.hi - scale.lo) / (kMostTicks - 1);
  const double magnitude = std::pow(10, std::floor(std::log10(rough)));
  const double share = rough / magnitude;
  const double step = magnitude * (share <= 1     ? 1
                                   : share <= 2   ? 2
                                   : share <= 2.5 ? 2.5
                                   : share <= 5   ? 5
                                                  : 10);
  for (double i = std::ceil(scale.lo / step - 1e-9); i * step <= scale.hi + 1e-9 * step; ++i)
    ticks.push_back(i * step);
  return ticks;
}

QSize ColourBar::sizeHint() const {
  const QFontMetrics metrics = fontMetrics();
  int widest = metrics.horizontalAdvance(tr("n/m"));
  if (m_legend.format)
    for (const double tick : ticks())
      widest = std::max(widest, metrics.horizontalAdvance(m_legend.format(tick)));
  return {kMargin + kBarWidth + kTick + 4 + widest + metrics.height() + kMargin, 160};
}

void ColourBar::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const PlotColours colours = plotColours(palette());
  painter.fillRect(rect(), colours.background);
  const int line = fontMetrics().height();
  const int below = line / 2 + kMargin + (m_legend.hasNotMeasured ? line + kMargin : 0);
  const QRect bar(kMargin, line / 2 + kMargin + kArrow, kBarWidth,
                  height() - line / 2 - kMargin - 2 * kArrow - below);
  if (bar.height() < 20 || !m_legend.format) return;

  const ColourTable& table = colourTable(m_legend.map);
  for (int y = 0; y < bar.height(); ++y) {
    const double at = 1 - double(y) / std::max(bar.height() - 1, 1);
    painter.fillRect(bar.x(), bar.y() + y, bar.width(), 1, QColor(table[size_t(std::lround(at * 255))]));
  }
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  const auto arrow = [&](int base, int tip, QRgb colour) {
    painter.setBrush(QColor(colour));
    painter.drawPolygon(QPolygonF({QPointF(bar.left(), base), QPointF(bar.right() + 1, base),
                                   QPointF(bar.left() + bar.width() / 2.0, tip)}));
  };
  if (m_legend.clippedHigh) arrow(bar.top(), bar.top() - kArrow, table.back());
  if (m_legend.clippedLow) arrow(bar.bottom() + 1, bar.bottom() + 1 + kArrow, table.front());
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(colours.frame);
  painter.drawRect(bar.adjusted(0, 0, -1, -1));
  drawTicks(painter, bar);

  if (m_legend.hasNotMeasured) {
    const QRect swatch(kMargin, height() - line - kMargin / 2, kBarWidth, line - 2);
    painter.fillRect(swatch, notMeasuredBrush(colours));
    painter.setPen(colours.frame);
    painter.drawRect(swatch.adjusted(0, 0, -1, -1));
    painter.setPen(colours.faintText);
    painter.drawText(QRect(swatch.right() + kTick + 4, swatch.y(), width(), swatch.height()),
                     Qt::AlignVCenter | Qt::AlignLeft, tr("n/m"));
  }
}

void ColourBar::drawTicks(QPainter& painter, const QRect& bar) const {
  const PlotColours colours = plotColours(palette());
  const int line = fontMetrics().height();
  for (const double tick : ticks()) {
    const int y = bar.bottom() - int(std::lround(m_legend.scale.position(tick) * (bar.height() - 1)));
    painter.setPen(colours.frame);
    painter.drawLine(bar.right() + 1, y, bar.right() + kTick, y);
    painter.setPen(colours.faintText);
    painter.drawText(QRect(bar.right() + kTick + 4, y - line / 2, width(), line),
                     Qt::AlignVCenter | Qt::AlignLeft, m_legend.format(tick));
  }
  painter.save();
  painter.setPen(colours.text);
  painter.translate(width() - line - 1, bar.center().y());
  painter.rotate(90);
  const QRect title(-bar.height() / 2, -line, bar.height(), line);
  painter.drawText(title, Qt::AlignCenter,
                   fontMetrics().elidedText(m_legend.title, Qt::ElideRight, bar.height()));
  painter.restore();
}

}  // namespace ditscope::gui
