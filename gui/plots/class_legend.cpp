// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/class_legend.h"

#include <QLinearGradient>
#include <QPainter>
#include <algorithm>

namespace ditscope::gui {
namespace {

constexpr int kSwatchWidth = 26;
constexpr int kClassTextGap = 7;
constexpr int kClassGap = 10;

void drawSwatch(QPainter& painter, const QRect& rect, const ClassEntry& entry, const PlotColours& colours) {
  QLinearGradient ramp(rect.topLeft(), rect.topRight());
  ramp.setColorAt(0, QColor(entry.colours.low));
  ramp.setColorAt(1, QColor(entry.colours.high));
  painter.fillRect(rect, ramp);
  painter.setPen(colours.frame);
  painter.drawRect(rect.adjusted(0, 0, -1, -1));
  painter.setRenderHint(QPainter::Antialiasing);
  const QPointF centre = QRectF(rect).center();
  if (entry.mark != CellMark::None) {
    painter.setPen(QPen(
        entry.mark == CellMark::Cross ? QColor(Qt::white) : QColor(colours.dark ? 0xff8db8dc : 0xff5b8db8),
        1.5));
    painter.drawLine(QLineF(centre + QPointF(-4, 4), centre + QPointF(4, -4)));
  }
  if (entry.mark == CellMark::Cross)
    painter.drawLine(QLineF(centre + QPointF(-4, -4), centre + QPointF(4, 4)));
  painter.setRenderHint(QPainter::Antialiasing, false);
}

}  // namespace

ClassLegend::ClassLegend(QWidget* parent) : QWidget(parent) {
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setAccessibleName(tr("Legend"));
}

void ClassLegend::setEntries(std::vector<ClassEntry> entries) {
  m_entries = std::move(entries);
  QStringList words;
  for (const ClassEntry& entry : m_entries) words << entry.name + QStringLiteral(": ") + entry.detail;
  setAccessibleDescription(words.join(QStringLiteral("; ")));
  setToolTip(words.join(QChar('\n')));
  fitHeight();
  update();
}

int ClassLegend::rowHeight() const {
  return 2 * fontMetrics().height() + 6;
}

int ClassLegend::entryWidth() const {
  int widest = 1;
  for (const ClassEntry& entry : m_entries)
    for (const QString& line : {entry.name, entry.detail})
      widest = std::max(widest, fontMetrics().horizontalAdvance(line));
  return kSwatchWidth + kClassTextGap + widest + kClassGap;
}

int ClassLegend::columnsIn(int width) const {
  const int count = std::max(int(m_entries.size()), 1);
  const int most = std::clamp((width - kClassGap) / entryWidth(), 1, count);
  const int rows = (count + most - 1) / most;
  return (count + rows - 1) / rows;  // as even as can be: four entries stand in 4, 2 or 1 columns
}

void ClassLegend::fitHeight() {
  const int columns = columnsIn(width());
  setFixedHeight(std::max((int(m_entries.size()) + columns - 1) / columns, 1) * rowHeight());
}

void ClassLegend::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  fitHeight();
}

QSize ClassLegend::sizeHint() const {
  return {2 * entryWidth(), rowHeight()};
}

void ClassLegend::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const PlotColours colours = plotColours(palette());
  const int line = fontMetrics().height();
  const int columns = columnsIn(width());
  const int columnWidth = (width() - kClassGap) / columns;
  for (size_t i = 0; i < m_entries.size(); ++i) {
    const ClassEntry& entry = m_entries[i];
    const QPoint at(kClassGap + int(i) % columns * columnWidth, 2 + int(i) / columns * rowHeight());
    drawSwatch(painter, QRect(at + QPoint(0, 1), QSize(kSwatchWidth, line)), entry, colours);
    const int room = columnWidth - kSwatchWidth - kClassTextGap - 2;
    const QRect name(at + QPoint(kSwatchWidth + kClassTextGap, 0), QSize(room, line));
    painter.setPen(colours.text);
    painter.drawText(name, Qt::AlignVCenter, fontMetrics().elidedText(entry.name, Qt::ElideRight, room));
    painter.setPen(colours.faintText);
    painter.drawText(name.translated(0, line), Qt::AlignVCenter,
                     fontMetrics().elidedText(entry.detail, Qt::ElideRight, room));
  }
}

}  // namespace ditscope::gui
