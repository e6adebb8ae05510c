// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/frame_metrics.h"

#include <QDir>
#include <algorithm>
#include <cmath>
#include <limits>

#include "db/error.h"
#include "db/trace_reader.h"

namespace ditscope::gui {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr int kWindow = 8, kStride = 4;

QImage load(const QString& path) {
  const QImage image(path);
  if (image.isNull())
    throw db::Error(db::Error::Kind::BadInput, path.toStdString(), "it is no picture that can be read",
                    "choose a folder that collect --frames has written");
  return image.convertToFormat(QImage::Format_RGB32);
}

// Numbers padded with zeros, so that frame_2 comes before frame_10.
QString sortKey(const QString& name) {
  constexpr int kDigits = 12;
  QString key, digits;
  for (const QChar each : name + QChar(' ')) {
    if (each.isDigit()) {
      digits += each;
      continue;
    }
    if (!digits.isEmpty()) key += digits.rightJustified(kDigits, QChar('0'));
    digits.clear();
    key += each;
  }
  return key;
}

double windowSsim(const QImage& a, const QImage& b, int left, int top, int width, int height) {
  double sumA = 0, sumB = 0, squareA = 0, squareB = 0, product = 0;
  for (int y = top; y < top + height; ++y) {
    for (int x = left; x < left + width; ++x) {
      const double u = qGray(a.pixel(x, y)), v = qGray(b.pixel(x, y));
      sumA += u;
      sumB += v;
      squareA += u * u;
      squareB += v * v;
      product += u * v;
    }
  }
  const double n = double(width) * height, meanA = sumA / n, meanB = sumB / n;
  const double varA = squareA / n - meanA * meanA, varB = squareB / n - meanB * meanB;
  const double cov = product / n - meanA * meanB;
  constexpr double kC1 = 0.01 * 255 * 0.01 * 255, kC2 = 0.03 * 255 * 0.03 * 255;
  return (2 * meanA * meanB + kC1) * (2 * cov + kC2) /
         ((meanA * meanA + meanB * meanB + kC1) * (varA + varB + kC2));
}

}  // namespace

QStringList framesIn(const QString& folder) {
  const QDir dir(folder);
  QStringList names =
      dir.entryList({QStringLiteral("*.png"), QStringLiteral("*.jpg"), QStringLiteral("*.bmp")},
                    QDir::Files | QDir::Readable);
  names.removeIf([](const QString& name) { return name.startsWith(QStringLiteral("contact")); });
  std::stable_sort(names.begin(), names.end(),
                   [](const QString& a, const QString& b) { return sortKey(a) < sortKey(b); });
  for (QString& name : names) name = dir.filePath(name);
  return names;
}

double psnr(const QImage& a, const QImage& b) {
  if (a.isNull() || a.size() != b.size()) return kNothing;
  double sum = 0;
  for (int y = 0; y < a.height(); ++y) {
    for (int x = 0; x < a.width(); ++x) {
      const QRgb u = a.pixel(x, y), v = b.pixel(x, y);
      for (const int by : {qRed(u) - qRed(v), qGreen(u) - qGreen(v), qBlue(u) - qBlue(v)})
        sum += double(by) * by;
    }
  }
  const double mean = sum / (3.0 * a.width() * a.height());
  return mean > 0 ? 10 * std::log10(255.0 * 255.0 / mean) : std::numeric_limits<double>::infinity();
}

double ssim(const QImage& a, const QImage& b) {
  if (a.isNull() || a.size() != b.size()) return kNothing;
  const int width = std::min(kWindow, a.width()), height = std::min(kWindow, a.height());
  double sum = 0;
  int64_t windows = 0;
  for (int top = 0; top + height <= a.height(); top += kStride) {
    for (int left = 0; left + width <= a.width(); left += kStride) {
      sum += windowSsim(a, b, left, top, width, height);
      ++windows;
    }
  }
  return windows > 0 ? sum / double(windows) : kNothing;
}

QImage absoluteDifference(const QImage& a, const QImage& b, int gain) {
  if (a.isNull() || a.size() != b.size()) return {};
  QImage image(a.size(), QImage::Format_RGB32);
  const auto part = [gain](int u, int v) { return std::min(std::abs(u - v) * gain, 255); };
  for (int y = 0; y < a.height(); ++y) {
    for (int x = 0; x < a.width(); ++x) {
      const QRgb u = a.pixel(x, y), v = b.pixel(x, y);
      image.setPixel(x, y,
                     qRgb(part(qRed(u), qRed(v)), part(qGreen(u), qGreen(v)), part(qBlue(u), qBlue(v))));
    }
  }
  return image;
}

int FrameScores::worst() const {
  int at = -1;
  for (size_t i = 0; i < ssim.size(); ++i)
    if (std::isfinite(ssim[i]) && (at < 0 || ssim[i] < ssim[size_t(at)])) at = int(i);
  return at;
}

std::shared_ptr<const FrameScores> compareFrames(const QStringList& a, const QStringList& b,
                                                 const std::function<bool(int64_t, int64_t)>& progress) {
  auto scores = std::make_shared<FrameScores>();
  const int64_t count = std::min(a.size(), b.size());
  for (int64_t i = 0; i < count; ++i) {
    if (progress && !progress(i, count)) throw db::Cancelled();
    const QImage first = load(a[i]), second = load(b[i]);
    scores->psnr.push_back(psnr(first, second));
    scores->ssim.push_back(ssim(first, second));
  }
  return scores;
}

}  // namespace ditscope::gui
