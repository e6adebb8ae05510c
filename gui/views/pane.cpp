// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/pane.h"

#include <QPainter>

namespace ditscope::gui {

Pane::Pane(Session* session, const QString& title, QWidget* parent) : QWidget(parent), m_session(session) {
  setAccessibleName(title);
  setWindowTitle(title);
  setAutoFillBackground(true);
  setBackgroundRole(QPalette::Base);
}

QImage Pane::picture(double scale) {
  QImage image(size() * scale, QImage::Format_ARGB32_Premultiplied);
  image.setDevicePixelRatio(scale);
  image.fill(palette().color(QPalette::Base));
  render(&image);
  return image;
}

}  // namespace ditscope::gui
