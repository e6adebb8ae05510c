// SPDX-License-Identifier: GPL-3.0-or-later
// Curves, points, bands and stacked bars over two axes, with a legend above: the one plot behind most panes.
// It zooms as every plot does, picks points with the pointer, and can carry a line to drag.
#pragma once

#include <QPointF>
#include <QString>
#include <QWidget>
#include <functional>
#include <optional>
#include <vector>

#include "gui/plots/line_legend.h"
#include "gui/plots/theme.h"

class QCPGraph;
class QCPItemStraightLine;
class QCustomPlot;

namespace ditscope::gui {

class Navigator;

struct XySeries {
  QString name = {};  // empty: not in the legend
  LineSample shape = LineSample::Line;
  ColourRole colour = ColourRole::Accent;
  std::vector<double> x = {}, y = {};  // NaN in y: a gap. Lines ascend in x; points need not
  std::vector<double> top = {};  // of a band: its upper edge; of points: upper end of an interval from `low`
  std::vector<double> low = {};  // of points: lower end of the interval
  double width = 2;              // of the pen, pixels; of points half their size
  double barWidth = 0.8;         // of bars, axis units
  bool picked = false;           // the pointer finds its points
};

struct XyAxis {
  QString title;
  double lo = 0, hi = 1;
  bool whole = false;                          // ticks at whole numbers
  std::function<QString(double)> format = {};  // of ticks; empty: as a number
};

struct XyPoint {
  size_t series = 0, index = 0;
  friend bool operator==(const XyPoint&, const XyPoint&) = default;
};

class XyPlot : public QWidget {
  Q_OBJECT
 public:
  explicit XyPlot(QWidget* parent = nullptr);

  void setAxes(const XyAxis& x, const XyAxis& y);  // the zoom stays when the ranges are the same
  void setSeries(std::vector<XySeries> series);
  void setMark(std::optional<double> x);                   // an upright line: what is selected
  void setHandle(std::optional<double> x, QString label);  // a dashed one that can be dragged
  void setRing(std::optional<QPointF> at);                 // around a point
  [[nodiscard]] const std::vector<XySeries>& series() const { return m_series; }
  [[nodiscard]] std::optional<double> handle() const { return m_handleAt; }

  void fit();
  [[nodiscard]] QCustomPlot* canvas() const { return m_plot; }

 signals:
  void pointHovered(ditscope::gui::XyPoint point);
  void pointClicked(ditscope::gui::XyPoint point);
  void hovered(QPointF at);  // axis coordinates; no point is near
  void clicked(QPointF at);
  void pointerLeft();
  void handleMoved(double x);
  void moveAsked(int by);  // arrow keys left and right

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void addMoveActions();
  void rebuild();
  void addGraph(const XySeries& series);
  void addBand(const XySeries& series);
  void addInterval(const XySeries& series, const QColor& colour);
  void placeLines();
  void fitTitle();
  [[nodiscard]] bool nearHandle(QPointF pixel) const;
  [[nodiscard]] std::optional<XyPoint> pick(QPointF at) const;  // axis coordinates

  LineLegend* m_legend;
  QCustomPlot* m_plot;
  Navigator* m_navigator;
  QCPItemStraightLine *m_mark = nullptr, *m_handle = nullptr;
  QCPGraph* m_ring = nullptr;
  std::vector<XySeries> m_series;
  XyAxis m_x, m_y;
  std::optional<double> m_markAt, m_handleAt;
  std::optional<QPointF> m_ringAt;
  QString m_handleLabel;
  bool m_dragging = false;
};

}  // namespace ditscope::gui
