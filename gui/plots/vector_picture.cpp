// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/vector_picture.h"

#include <qcustomplot.h>

namespace ditscope::gui {

void drawVectors(QWidget& widget, QPaintDevice& device) {
  QCPPainter painter(&device);
  painter.setMode(QCPPainter::pmVectorized);
  painter.setMode(QCPPainter::pmNoCaching);
  painter.fillRect(QRect(QPoint(), widget.size()), widget.palette().color(QPalette::Base));
  // Plots show ready pixels on a screen. They are left out here, and draw themselves instead.
  QList<QCustomPlot*> plots;
  for (QCustomPlot* plot : widget.findChildren<QCustomPlot*>())
    if (plot->isVisible()) plots << plot;
  QRegion others(QRect(QPoint(), widget.size()));
  for (const QCustomPlot* plot : plots) others -= QRect(plot->mapTo(&widget, QPoint()), plot->size());
  widget.render(&painter, others.boundingRect().topLeft(), others, QWidget::DrawChildren);
  for (QCustomPlot* plot : plots) {
    painter.save();
    painter.translate(plot->mapTo(&widget, QPoint()));
    painter.fillRect(QRect(QPoint(), plot->size()), widget.palette().color(QPalette::Base));
    plot->toPainter(&painter, plot->width(), plot->height());
    painter.restore();
  }
  painter.end();
}

}  // namespace ditscope::gui
