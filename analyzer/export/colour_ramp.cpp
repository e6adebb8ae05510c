// SPDX-License-Identifier: Apache-2.0
#include "analyzer/export/colour_ramp.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace ditscope::analyzer {
namespace {

constexpr RampColour kStops[] = {{0x44, 0x01, 0x54}, {0x48, 0x24, 0x75}, {0x41, 0x44, 0x87},
                                 {0x35, 0x5f, 0x8d}, {0x2a, 0x78, 0x8e}, {0x21, 0x91, 0x8c},
                                 {0x22, 0xa8, 0x84}, {0x44, 0xbf, 0x70}, {0x7a, 0xd1, 0x51},
                                 {0xbd, 0xdf, 0x26}, {0xfd, 0xe7, 0x25}};
constexpr size_t kLast = std::size(kStops) - 1;

}  // namespace

std::string RampColour::hex() const {
  return fmt::format("#{:02x}{:02x}{:02x}", red, green, blue);
}

bool RampColour::isDark() const {
  return red * 0.299 + green * 0.587 + blue * 0.114 < 140;
}

RampColour rampColour(double at) {
  const double place = std::clamp(at, 0.0, 1.0) * double(kLast);
  const size_t below = std::min(size_t(place), kLast - 1);
  const double part = place - double(below);
  const auto mix = [part](int a, int b) { return int(std::lround(a + (b - a) * part)); };
  const RampColour &a = kStops[below], &b = kStops[below + 1];
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

std::string rampStops() {
  std::string stops;
  for (size_t i = 0; i <= kLast; ++i)
    stops +=
        fmt::format(R"(<stop offset="{:g}" stop-color="{}"/>)", double(i) / double(kLast), kStops[i].hex());
  return stops;
}

}  // namespace ditscope::analyzer
