// SPDX-License-Identifier: GPL-3.0-or-later
// What the tests ask of a picture.
#pragma once

#include <QImage>
#include <QSet>

namespace ditscope::tests {

inline int colourCount(const QImage& image) {
  QSet<QRgb> colours;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) colours << image.pixel(x, y);
  return int(colours.size());
}

inline bool contains(const QImage& image, QRgb colour) {
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x)
      if (image.pixel(x, y) == colour) return true;
  return false;
}

}  // namespace ditscope::tests
