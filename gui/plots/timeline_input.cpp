// SPDX-License-Identifier: GPL-3.0-or-later
// Pointer and keys of the timeline, the same as in every plot.
#include <QKeyEvent>
#include <QMouseEvent>
#include <QWheelEvent>
#include <cmath>

#include "gui/plots/navigator.h"
#include "gui/plots/timeline_plot.h"

namespace ditscope::gui {
namespace {

constexpr double kKeyPan = 0.15, kKeyZoom = 0.7;

}  // namespace

void TimelinePlot::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton && event->button() != Qt::MiddleButton) return;
  m_pressed = event->position();
  m_dragTo = std::nullopt;
  m_panning = event->button() == Qt::MiddleButton || m_spaceDown;
}

void TimelinePlot::mouseMoveEvent(QMouseEvent* event) {
  if (!m_pressed) {
    if (const auto span = spanAt(event->position()))
      emit spanHovered(*span);
    else
      emit timeHovered(timeAt(event->position().x()));
    return;
  }
  if (m_panning) {
    const int64_t by = timeAt(m_pressed->x()) - timeAt(event->position().x());
    apply(m_from + by, m_to + by);
    m_pressed = event->position();
  } else if (std::abs(event->position().x() - m_pressed->x()) > kDragPixels || m_dragTo) {
    m_dragTo = event->position();
    update();
  }
}

void TimelinePlot::mouseReleaseEvent(QMouseEvent* event) {
  if (!m_pressed) return;
  const QPointF from = *std::exchange(m_pressed, std::nullopt);
  const auto drag = std::exchange(m_dragTo, std::nullopt);
  if (m_panning) return;
  if (drag)
    showRange(timeAt(std::min(from.x(), drag->x())), timeAt(std::max(from.x(), drag->x())));
  else if (const auto span = spanAt(event->position()))
    emit spanClicked(*span);
}

void TimelinePlot::mouseDoubleClickEvent(QMouseEvent*) {
  fit();
}

void TimelinePlot::wheelEvent(QWheelEvent* event) {
  const double notches = (event->angleDelta().y() + event->angleDelta().x()) / 120.0;
  zoom(std::pow(event->modifiers() & Qt::ControlModifier ? kFineZoom : kWheelZoom, notches),
       event->position().x());
  event->accept();
}

void TimelinePlot::keyPressEvent(QKeyEvent* event) {
  const double middle = rect().center().x();
  switch (event->key()) {
    case Qt::Key_W:
    case Qt::Key_Up:
      return zoom(kKeyZoom, middle);
    case Qt::Key_S:
    case Qt::Key_Down:
      return zoom(1 / kKeyZoom, middle);
    case Qt::Key_A:
    case Qt::Key_Left:
      return pan(-kKeyPan);
    case Qt::Key_D:
    case Qt::Key_Right:
      return pan(kKeyPan);
    case Qt::Key_Home:
      return fit();
    case Qt::Key_Space:
      m_spaceDown = true;
      return;
    case Qt::Key_Backspace:
      if (!m_history.empty()) {
        apply(m_history.back().first, m_history.back().second);
        m_history.pop_back();
      }
      return;
    default:
      QWidget::keyPressEvent(event);
  }
}

void TimelinePlot::keyReleaseEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Space) m_spaceDown = false;
  QWidget::keyReleaseEvent(event);
}

void TimelinePlot::leaveEvent(QEvent* event) {
  QWidget::leaveEvent(event);
  emit pointerLeft();
}

}  // namespace ditscope::gui
