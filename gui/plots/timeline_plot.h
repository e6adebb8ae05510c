// SPDX-License-Identifier: GPL-3.0-or-later
// Tracks along time. Wheel zooms at the pointer (Ctrl finer), left drag zooms into a range, middle drag or
// Space with left drag pans, W S A D and the arrows likewise, a double click or Home shows everything,
// Backspace goes back. Spans too narrow for a pixel are drawn together, paler, never dropped.
#pragma once

#include <QPainter>
#include <QWidget>
#include <optional>
#include <vector>

#include "gui/models/timeline.h"

namespace ditscope::gui {

struct SpanRef {
  size_t track = 0;
  Piece piece;
};

class TimelinePlot : public QWidget {
  Q_OBJECT
 public:
  explicit TimelinePlot(QWidget* parent = nullptr);

  void setTimeline(TimelinePtr timeline);  // the view stays when the extent is the same
  void setMarked(
      std::optional<std::pair<int64_t, int64_t>> range);  // a band over all tracks: what is selected
  void fit();
  void showRange(int64_t from, int64_t to);
  [[nodiscard]] int64_t from() const { return m_from; }
  [[nodiscard]] int64_t to() const { return m_to; }
  [[nodiscard]] std::optional<SpanRef> spanAt(QPointF pixel) const;
  [[nodiscard]] QRect trackRect(size_t track) const;  // in pixels of the widget
  [[nodiscard]] int xOf(int64_t ns) const;

 signals:
  void spanHovered(const ditscope::gui::SpanRef& span);
  void timeHovered(qint64 ns);  // between spans
  void spanClicked(const ditscope::gui::SpanRef& span);
  void pointerLeft();
  void viewChanged();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void keyReleaseEvent(QKeyEvent* event) override;
  void leaveEvent(QEvent* event) override;

 private:
  void apply(int64_t from, int64_t to);
  void zoom(double factor, double x);
  void pan(double share);
  [[nodiscard]] QRect plotRect() const;
  [[nodiscard]] int64_t timeAt(double x) const;
  void drawTrack(QPainter& painter, size_t track) const;
  void drawAxis(QPainter& painter) const;

  TimelinePtr m_timeline;
  int64_t m_from = 0, m_to = 1;
  std::vector<std::pair<int64_t, int64_t>> m_history;
  std::optional<std::pair<int64_t, int64_t>> m_marked;
  std::optional<QPointF> m_pressed, m_dragTo;
  bool m_panning = false, m_spaceDown = false;
};

}  // namespace ditscope::gui
