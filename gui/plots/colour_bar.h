// SPDX-License-Identifier: GPL-3.0-or-later
// The legend of a colour scale: gradient, ticks, unit, an arrow at an end where values were clipped, and a
// swatch for "not measured" when there is any. Vertical.
#pragma once

#include <QPainter>
#include <QWidget>
#include <functional>

#include "gui/plots/colour_map.h"

namespace ditscope::gui {

struct ColourLegend {
  ValueScale scale;
  ColourMapId map = ColourMapId::Viridis;
  QString title;                          // quantity and unit
  std::function<QString(double)> format;  // of a tick
  bool clippedLow = false, clippedHigh = false;
  bool hasNotMeasured = false;
};

class ColourBar : public QWidget {
  Q_OBJECT
 public:
  explicit ColourBar(QWidget* parent = nullptr);
  void setLegend(ColourLegend legend);
  [[nodiscard]] const ColourLegend& legend() const { return m_legend; }
  [[nodiscard]] QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  void drawTicks(QPainter& painter, const QRect& bar) const;
  [[nodiscard]] std::vector<double> ticks() const;

  ColourLegend m_legend;
};

}  // namespace ditscope::gui
