// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/class_legend.h"

#include <QLinearGradient>
#include <QPainter>

namespace ditscope::gui {
namespace {

constexpr int kSwatchWidth = 26;
constexpr int kGap = 8;

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
  updateGeometry();
  update();
}

QSize ClassLegend::sizeHint() const {
  return {int(m_entries.size()) * 130, 2 * fontMetrics().height() + 10};
}

void ClassLegend::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const PlotColours colours = plotColours(palette());
  painter.fillRect(rect(), colours.background);
  if (m_entries.empty()) return;
  const int line = fontMetrics().height();
  const int column = (width() - kGap) / int(m_entries.size());
  for (size_t i = 0; i < m_entries.size(); ++i) {
    const ClassEntry& entry = m_entries[i];
    const int x = kGap + int(i) * column;
    const QRect swatch(x, 5, kSwatchWidth, line);
    drawSwatch(painter, swatch, entry, colours);
    const int textX = swatch.right() + 7;
    const int room = x + column - textX - 4;
    painter.setPen(colours.text);
    painter.drawText(QRect(textX, 5, room, line), Qt::AlignVCenter,
                     fontMetrics().elidedText(entry.name, Qt::ElideRight, room));
    painter.setPen(colours.faintText);
    painter.drawText(QRect(textX, 5 + line, room, line), Qt::AlignVCenter,
                     fontMetrics().elidedText(entry.detail, Qt::ElideRight, room));
  }
}

}  // namespace ditscope::gui
