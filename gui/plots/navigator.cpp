// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/navigator.h"

#include <qcustomplot.h>

#include <algorithm>
#include <cmath>

namespace ditscope::gui {
namespace {

constexpr size_t kHistoryLimit = 50;

}  // namespace

Navigator::Navigator(QCustomPlot* plot, QCPAxisRect* rect, Directions directions)
    : QObject(plot),
      m_plot(plot),
      m_rect(rect),
      m_directions(directions),
      m_band(new QRubberBand(QRubberBand::Rectangle, plot)) {
  plot->setMouseTracking(true);
  plot->installEventFilter(this);
}

void Navigator::setBounds(const QRectF& bounds) {
  if (bounds == m_bounds) return;
  m_bounds = bounds;
  m_history.clear();
  apply(bounds);
}

QRectF Navigator::view() const {
  const QCPRange x = m_rect->axis(QCPAxis::atBottom)->range();
  const QCPRange y = m_rect->axis(QCPAxis::atLeft)->range();
  return {x.lower, y.lower, x.size(), y.size()};
}

bool Navigator::isFitted() const {
  const QRectF now = view();
  return std::abs(now.width() - m_bounds.width()) < 1e-9 * m_bounds.width() &&
         (m_directions == Directions::Horizontal ||
          std::abs(now.height() - m_bounds.height()) < 1e-9 * m_bounds.height());
}

void Navigator::fit() {
  show(m_bounds);
}

void Navigator::back() {
  if (m_history.empty()) return;
  const QRectF before = m_history.back();
  m_history.pop_back();
  apply(before);
}

void Navigator::show(QRectF view) {
  const QRectF before = this->view();
  apply(view);
  if (this->view() == before) return;
  if (m_history.size() == kHistoryLimit) m_history.erase(m_history.begin());
  m_history.push_back(before);
}

void Navigator::apply(QRectF view) {
  view.setWidth(std::clamp(view.width(), std::min(m_smallest.width(), m_bounds.width()), m_bounds.width()));
  view.setHeight(
      std::clamp(view.height(), std::min(m_smallest.height(), m_bounds.height()), m_bounds.height()));
  view.moveLeft(
      std::clamp(view.left(), m_bounds.left(), std::max(m_bounds.left(), m_bounds.right() - view.width())));
  view.moveTop(
      std::clamp(view.top(), m_bounds.top(), std::max(m_bounds.top(), m_bounds.bottom() - view.height())));
  m_rect->axis(QCPAxis::atBottom)->setRange(view.left(), view.right());
  if (m_directions == Directions::Both) m_rect->axis(QCPAxis::atLeft)->setRange(view.top(), view.bottom());
  m_plot->replot(QCustomPlot::rpQueuedReplot);
  emit viewChanged();
}

QPointF Navigator::toAxes(QPointF pixel) const {
  return {m_rect->axis(QCPAxis::atBottom)->pixelToCoord(pixel.x()),
          m_rect->axis(QCPAxis::atLeft)->pixelToCoord(pixel.y())};
}

bool Navigator::eventFilter(QObject* watched, QEvent* event) {
  switch (event->type()) {
    case QEvent::MouseButtonPress:
      press(static_cast<const QMouseEvent&>(*event));
      break;
    case QEvent::MouseMove:
      move(static_cast<const QMouseEvent&>(*event));
      break;
    case QEvent::MouseButtonRelease:
      release(static_cast<const QMouseEvent&>(*event));
      break;
    case QEvent::MouseButtonDblClick:
      fit();
      return true;
    case QEvent::Wheel:
      wheel(static_cast<const QWheelEvent&>(*event));
      return true;
    case QEvent::Leave:
      emit left();
      break;
    case QEvent::KeyPress:
    case QEvent::KeyRelease: {
      const auto& key = static_cast<const QKeyEvent&>(*event);
      if (key.key() == Qt::Key_Space) m_spaceDown = event->type() == QEvent::KeyPress;
      if (key.key() == Qt::Key_Backspace && event->type() == QEvent::KeyPress) back();
      break;
    }
    default:
      break;
  }
  return QObject::eventFilter(watched, event);
}

void Navigator::press(const QMouseEvent& event) {
  if (!m_rect->rect().contains(event.pos())) return;
  if (event.button() != Qt::LeftButton && event.button() != Qt::MiddleButton) return;
  m_pressed = event.position();
  m_viewAtPress = view();
  m_panning = event.button() == Qt::MiddleButton || m_spaceDown;
}

void Navigator::move(const QMouseEvent& event) {
  if (!m_pressed) {
    if (m_rect->rect().contains(event.pos()))
      emit hovered(toAxes(event.position()));
    else
      emit left();
    return;
  }
  if (m_panning) {
    const QPointF by = toAxes(*m_pressed) - toAxes(event.position());
    apply(view().translated(by));
    m_pressed = event.position();
  } else if ((event.position() - *m_pressed).manhattanLength() > kDragPixels) {
    QRectF box = QRectF(*m_pressed, event.position()).normalized() & QRectF(m_rect->rect());
    if (m_directions == Directions::Horizontal) {
      box.setTop(m_rect->top());
      box.setBottom(m_rect->bottom());
    }
    m_band->setGeometry(box.toRect());
    m_band->show();
  }
}

void Navigator::release(const QMouseEvent& event) {
  if (!m_pressed) return;
  const QPointF from = *std::exchange(m_pressed, std::nullopt);
  if (m_band->isVisible()) {
    const QRectF box = m_band->geometry();
    m_band->hide();
    show(QRectF(toAxes(box.topLeft()), toAxes(box.bottomRight())).normalized());
  } else if (m_panning) {
    if (m_viewAtPress != view()) m_history.push_back(m_viewAtPress);
  } else if ((event.position() - from).manhattanLength() <= kDragPixels) {
    emit clicked(toAxes(event.position()));
  }
}

void Navigator::wheel(const QWheelEvent& event) {
  if (!m_rect->rect().contains(event.position().toPoint())) return;
  // Shift turns the wheel sideways on most platforms; both directions of the delta count.
  const double notches = (event.angleDelta().y() + event.angleDelta().x()) / 120.0;
  const double factor = std::pow(event.modifiers() & Qt::ControlModifier ? kFineZoom : kWheelZoom, notches);
  const bool onlyX = m_directions == Directions::Horizontal || event.modifiers() & Qt::ShiftModifier;
  const QPointF at = toAxes(event.position());
  const QRectF now = view();
  const double yFactor = onlyX ? 1.0 : factor;
  show({at.x() - (at.x() - now.left()) * factor, at.y() - (at.y() - now.top()) * yFactor,
        now.width() * factor, now.height() * yFactor});
}

}  // namespace ditscope::gui
