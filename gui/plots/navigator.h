// SPDX-License-Identifier: GPL-3.0-or-later
// Zoom and pan of one axis rectangle, the same in every plot: wheel zooms at the pointer (Ctrl finer, Shift
// along x only), left drag zooms into a box, middle drag or Space with left drag pans, a double click shows
// everything, Backspace goes back. Ranges never leave the bounds. Also tells clicks from drags.
#pragma once

#include <QEvent>
#include <QObject>
#include <QPointF>
#include <QRectF>
#include <QSizeF>
#include <optional>
#include <vector>

class QCPAxisRect;
class QCustomPlot;
class QMouseEvent;
class QRubberBand;
class QWheelEvent;

namespace ditscope::gui {

inline constexpr double kDragPixels = 5;   // a shorter drag is a click
inline constexpr double kWheelZoom = 0.8;  // of the view, a wheel notch
inline constexpr double kFineZoom = 0.95;  // with Ctrl

class Navigator : public QObject {
  Q_OBJECT
 public:
  enum class Directions { Both, Horizontal };
  Navigator(QCustomPlot* plot, QCPAxisRect* rect, Directions directions);

  void setBounds(const QRectF& bounds);  // in axis coordinates; shows everything when they changed
  void setSmallestView(QSizeF size) { m_smallest = size; }
  void fit();
  void back();
  void show(QRectF view);  // moved and shrunk into the bounds, and remembered for back()
  [[nodiscard]] QRectF view() const;
  [[nodiscard]] bool isFitted() const;

 signals:
  void clicked(QPointF position);  // axis coordinates
  void hovered(QPointF position);
  void left();
  void viewChanged();

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void apply(QRectF view);
  void press(const QMouseEvent& event);
  void move(const QMouseEvent& event);
  void release(const QMouseEvent& event);
  void wheel(const QWheelEvent& event);
  [[nodiscard]] QPointF toAxes(QPointF pixel) const;

  QCustomPlot* m_plot;
  QCPAxisRect* m_rect;
  Directions m_directions;
  QRectF m_bounds;
  QSizeF m_smallest{1, 1};
  std::vector<QRectF> m_history;
  QRubberBand* m_band;
  std::optional<QPointF> m_pressed;  // pixels, while a button is down
  QRectF m_viewAtPress;
  bool m_panning = false;
  bool m_spaceDown = false;
};

}  // namespace ditscope::gui
