// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/colour_map.h"

#include <algorithm>
#include <cmath>

#include "analyzer/export/colour_ramp.h"

namespace ditscope::gui {
namespace {

ColourTable fromStops(std::span<const QRgb> stops) {
  ColourTable table;
  for (size_t i = 0; i < table.size(); ++i) {
    const double at = double(i) / double(table.size() - 1) * double(stops.size() - 1);
    const size_t below = std::min(size_t(at), stops.size() - 2);
    table[i] = mix(stops[below], stops[below + 1], at - double(below));
  }
  return table;
}

// The one of the reports.
ColourTable viridisTable() {
  ColourTable table;
  for (size_t i = 0; i < table.size(); ++i) {
    const analyzer::RampColour colour = analyzer::rampColour(double(i) / double(table.size() - 1));
    table[i] = qRgb(colour.red, colour.green, colour.blue);
  }
  return table;
}

constexpr QRgb kCividis[] = {0xff00224e, 0xff123570, 0xff3b496c, 0xff575d6d, 0xff707173,
                             0xff8a8678, 0xffa59c74, 0xffc3b369, 0xffe1cc55, 0xfffee838};
constexpr QRgb kGreys[] = {0xff1c1c1c, 0xfff2f2f2};
constexpr QRgb kBlueWhiteRed[] = {0xff053061, 0xff2166ac, 0xff4393c3, 0xff92c5de, 0xffd1e5f0, 0xfff7f7f7,
                                  0xfffddbc7, 0xfff4a582, 0xffd6604d, 0xffb2182b, 0xff67001f};
constexpr ColourMapId kSequential[] = {ColourMapId::Viridis, ColourMapId::Cividis, ColourMapId::Greys};

}  // namespace

const ColourTable& colourTable(ColourMapId id) {
  static const ColourTable viridis = viridisTable();
  static const ColourTable cividis = fromStops(kCividis);
  static const ColourTable greys = fromStops(kGreys);
  static const ColourTable diverging = fromStops(kBlueWhiteRed);
  switch (id) {
    case ColourMapId::Cividis:
      return cividis;
    case ColourMapId::Greys:
      return greys;
    case ColourMapId::BlueWhiteRed:
      return diverging;
    case ColourMapId::Viridis:
      break;
  }
  return viridis;
}

QString colourMapName(ColourMapId id) {
  switch (id) {
    case ColourMapId::Cividis:
      return QStringLiteral("Cividis");
    case ColourMapId::Greys:
      return QStringLiteral("Greys");
    case ColourMapId::BlueWhiteRed:
      return QStringLiteral("Blue\u2013white\u2013red");
    case ColourMapId::Viridis:
      break;
  }
  return QStringLiteral("Viridis");
}

std::span<const ColourMapId> sequentialMaps() {
  return kSequential;
}

QRgb colourOf(double value, const ValueScale& scale, const ColourTable& table) {
  const double at = scale.position(value);
  return std::isnan(at) ? qRgba(0, 0, 0, 0) : table[size_t(std::lround(at * 255))];
}

QRgb mix(QRgb a, QRgb b, double t) {
  const auto channel = [t](int from, int to) { return int(std::lround(from + (to - from) * t)); };
  return qRgb(channel(qRed(a), qRed(b)), channel(qGreen(a), qGreen(b)), channel(qBlue(a), qBlue(b)));
}

bool isDark(QRgb colour) {
  return qRed(colour) * 0.299 + qGreen(colour) * 0.587 + qBlue(colour) * 0.114 < 140;
}

}  // namespace ditscope::gui
