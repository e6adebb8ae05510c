// SPDX-License-Identifier: GPL-3.0-or-later
// A paint device that writes SVG 1.1, so that drawings need no further library of Qt: paths, text as text,
// bitmaps embedded as PNG. Sizes in pixels. Brushes with a pattern or gradient are written as their colour.
#pragma once

#include <QByteArray>
#include <QPaintDevice>
#include <QSize>
#include <QString>
#include <memory>

namespace ditscope::gui {

class SvgEngine;

class SvgDevice : public QPaintDevice {
 public:
  SvgDevice(QSize size, const QString& title);
  ~SvgDevice() override;
  SvgDevice(const SvgDevice&) = delete;
  SvgDevice& operator=(const SvgDevice&) = delete;

  [[nodiscard]] QPaintEngine* paintEngine() const override;
  [[nodiscard]] QByteArray text() const;  // once the painter has ended

 protected:
  [[nodiscard]] int metric(PaintDeviceMetric metric) const override;

 private:
  QSize m_size;
  QString m_title;
  std::unique_ptr<SvgEngine> m_engine;
};

}  // namespace ditscope::gui
