// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/frame_canvas.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>

#include "gui/plots/frame_metrics.h"
#include "gui/plots/theme.h"

namespace ditscope::gui {
namespace {

constexpr int kFlickerMs = 400, kFrameGap = 8, kNameHeight = 18;

}  // namespace

FrameCanvas::FrameCanvas(QWidget* parent) : QWidget(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(160, 120);
  m_flicker.setInterval(kFlickerMs);
  connect(&m_flicker, &QTimer::timeout, this, [this] {
    m_showsB = !m_showsB;
    update();
  });
}

void FrameCanvas::setFrames(QImage a, QImage b) {
  m_a = std::move(a);
  m_b = std::move(b);
  update();
}

void FrameCanvas::setShow(FrameShow show) {
  m_show = show;
  if (show == FrameShow::Flicker)
    m_flicker.start();
  else
    m_flicker.stop();
  update();
}

void FrameCanvas::setWipe(double share) {
  m_wipe = std::clamp(share, 0.0, 1.0);
  update();
}

QRect FrameCanvas::place(const QImage& image, const QRect& room) const {
  if (image.isNull()) return {};
  const int whole =
      std::min(room.width() / std::max(image.width(), 1), room.height() / std::max(image.height(), 1));
  const QSize size =
      whole >= 1 ? image.size() * whole : image.size().scaled(room.size(), Qt::KeepAspectRatio);
  return QRect(room.center() - QPoint(size.width() / 2, size.height() / 2), size);
}

void FrameCanvas::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const PlotColours colours = plotColours(palette());
  painter.fillRect(rect(), colours.background);
  const QRect room = rect().adjusted(kFrameGap, kNameHeight, -kFrameGap, -kFrameGap);
  const auto name = [&](const QRect& box, const QString& words) {
    painter.setPen(colours.faintText);
    painter.drawText(QRect(box.left(), box.top() - kNameHeight, std::max(box.width(), 60), kNameHeight - 3),
                     Qt::AlignBottom | Qt::AlignLeft, words);
  };
  if (m_show == FrameShow::Beside || m_a.isNull() || m_b.isNull()) {
    const bool both = !m_a.isNull() && !m_b.isNull();
    QRect left = room, right = room;
    if (both) {
      left.setWidth((room.width() - kFrameGap) / 2);
      right.setLeft(left.right() + kFrameGap);
    }
    for (const auto& [image, box, words] :
         {std::tuple{&m_a, left, QStringLiteral("A")}, {&m_b, right, QStringLiteral("B")}}) {
      if (image->isNull()) continue;
      const QRect at = place(*image, box);
      painter.drawImage(at, *image);
      name(at, words);
    }
    return;
  }
  const QRect at = place(m_a, room);
  if (m_show == FrameShow::Difference) {
    const QImage difference = absoluteDifference(m_a, m_b, kGain);
    painter.drawImage(at, difference.isNull() ? m_a : difference);
    name(at,
         difference.isNull() ? tr("the pictures have other sizes") : tr("|A \u2212 B| \u00d7 %1").arg(kGain));
  } else if (m_show == FrameShow::Flicker) {
    painter.drawImage(at, m_showsB ? m_b : m_a);
    name(at, m_showsB ? QStringLiteral("B") : QStringLiteral("A"));
  } else {
    painter.drawImage(at, m_b);
    const int edge = at.left() + int(m_wipe * at.width());
    painter.save();
    painter.setClipRect(QRect(at.left(), at.top(), edge - at.left(), at.height()));
    painter.drawImage(at, m_a);
    painter.restore();
    painter.setPen(QPen(colours.accent, 2));
    painter.drawLine(edge, at.top() - 4, edge, at.bottom() + 4);
    name(at, tr("A left of the edge, B right of it"));
  }
}

void FrameCanvas::wipeTo(double x) {
  const QRect at = place(m_a, rect().adjusted(kFrameGap, kNameHeight, -kFrameGap, -kFrameGap));
  if (at.width() > 0) setWipe((x - at.left()) / at.width());
}

void FrameCanvas::mousePressEvent(QMouseEvent* event) {
  if (m_show == FrameShow::Wipe) wipeTo(event->position().x());
}

void FrameCanvas::mouseMoveEvent(QMouseEvent* event) {
  if (m_show == FrameShow::Wipe && event->buttons() & Qt::LeftButton) wipeTo(event->position().x());
}

void FrameCanvas::keyPressEvent(QKeyEvent* event) {
  constexpr double kStep = 0.02;
  if (m_show == FrameShow::Wipe && (event->key() == Qt::Key_Left || event->key() == Qt::Key_Right))
    setWipe(m_wipe + (event->key() == Qt::Key_Left ? -kStep : kStep));
  else
    QWidget::keyPressEvent(event);
}

}  // namespace ditscope::gui
