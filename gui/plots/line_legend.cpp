// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/line_legend.h"

#include <QPainter>

#include "gui/plots/theme.h"

namespace ditscope::gui {
namespace {

constexpr int kSampleWidth = 24;
constexpr int kLineTextGap = 6;
constexpr int kLineGap = 16;  // between entries

void drawMark(QPainter& painter, QPointF at, const QColor& colour, bool filled) {
  painter.setPen(QPen(colour, 1.5));
  painter.setBrush(filled ? QBrush(colour) : QBrush(Qt::NoBrush));
  painter.drawEllipse(at, 3, 3);
}

void drawSample(QPainter& painter, const QRectF& box, const LineEntry& entry) {
  QColor fill = entry.colour;
  const QPointF middle = box.center();
  const QLineF line(box.left(), middle.y(), box.right(), middle.y());
  switch (entry.sample) {
    case LineSample::Band:
      fill.setAlpha(70);
      painter.fillRect(box.adjusted(0, 3, 0, -3), fill);
      return;
    case LineSample::Bar:
      painter.fillRect(box.adjusted(4, 2, -4, -2), fill);
      return;
    case LineSample::Points:
    case LineSample::Rings:
      drawMark(painter, middle, entry.colour, entry.sample == LineSample::Points);
      return;
    case LineSample::Dashed:
      painter.setPen(QPen(entry.colour, 2, Qt::DashLine));
      painter.drawLine(line);
      return;
    case LineSample::Line:
    case LineSample::LinePoints:
      painter.setPen(QPen(entry.colour, 2));
      painter.drawLine(line);
      if (entry.sample == LineSample::LinePoints) drawMark(painter, middle, entry.colour, true);
      return;
  }
}

}  // namespace

LineLegend::LineLegend(QWidget* parent) : QWidget(parent) {
  setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  setAccessibleName(tr("Legend"));
}

void LineLegend::setEntries(std::vector<LineEntry> entries) {
  m_entries = std::move(entries);
  QStringList names;
  for (const LineEntry& entry : m_entries) names << entry.name;
  setAccessibleDescription(names.join(QStringLiteral("; ")));
  setFixedHeight(heightFor(width()));
  update();
}

int LineLegend::rowHeight() const {
  return fontMetrics().height() + 4;
}

int LineLegend::entryWidth(const LineEntry& entry) const {
  return kSampleWidth + kLineTextGap + fontMetrics().horizontalAdvance(entry.name) + kLineGap;
}

std::vector<QPoint> LineLegend::places(int width) const {
  std::vector<QPoint> places;
  QPoint at(0, 0);
  for (const LineEntry& entry : m_entries) {
    const int wide = entryWidth(entry);
    if (at.x() > 0 && at.x() + wide - kLineGap > width) at = QPoint(0, at.y() + rowHeight());
    places.push_back(at);
    at.rx() += wide;
  }
  return places;
}

int LineLegend::heightFor(int width) const {
  return m_entries.empty() ? 0 : places(width).back().y() + rowHeight();
}

void LineLegend::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  setFixedHeight(heightFor(width()));
}

void LineLegend::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const PlotColours colours = plotColours(palette());
  const std::vector<QPoint> at = places(width());
  for (size_t i = 0; i < m_entries.size(); ++i) {
    drawSample(painter, QRectF(at[i], QSizeF(kSampleWidth, rowHeight())), m_entries[i]);
    painter.setPen(colours.text);
    painter.drawText(QRect(at[i] + QPoint(kSampleWidth + kLineTextGap, 0), QSize(width(), rowHeight())),
                     Qt::AlignVCenter | Qt::AlignLeft, m_entries[i].name);
  }
}

}  // namespace ditscope::gui
