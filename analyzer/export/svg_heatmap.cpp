// SPDX-License-Identifier: Apache-2.0
#include "analyzer/export/svg_heatmap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/export/colour_ramp.h"
#include "analyzer/export/html_text.h"
#include "analyzer/export/tick_text.h"

namespace ditscope::analyzer {
namespace {

constexpr double kMapLeft = 44, kMapTop = 6, kMapBottom = 40, kBarGap = 16, kBarWidth = 12, kBarLabels = 62;
constexpr double kPlotWidth = 370, kPlotHeight = 230;
constexpr double kTextWidth = 38, kTextHeight = 15;  // a cell that holds its value
// Beyond it a page would take too long to draw; what is left out is said.
constexpr size_t kMostRows = 160, kMostCols = 160;

struct Layout {
  size_t rows = 0, cols = 0;
  double cellWidth = 0, cellHeight = 0;
  [[nodiscard]] double width() const { return cellWidth * double(cols); }
  [[nodiscard]] double height() const { return cellHeight * double(rows); }
};

Layout layoutOf(const Grid& grid) {
  Layout l{.rows = std::min(grid.rows(), kMostRows), .cols = std::min(grid.cols(), kMostCols)};
  l.cellWidth = std::clamp(kPlotWidth / double(l.cols), 3.0, 90.0);
  l.cellHeight = std::clamp(kPlotHeight / double(l.rows), 4.0, 34.0);
  return l;
}

// In a cell the unit goes without saying: 45.3, 0.123, 1.24 ms.
std::string shortText(Quantity quantity, double value) {
  switch (info(quantity).unit) {
    case Unit::Fraction:
      return fmt::format("{:.1f}", value * 100);
    case Unit::Nats:
      return fmt::format("{:.3f}", value);
    case Unit::Rows:
    case Unit::Nanoseconds:
      break;
  }
  return formatCell(quantity, value);
}

std::string cell(const Heatmap& map, const Layout& l, const Range& range, size_t row, size_t col) {
  const double value = map.grid.at(row, col);
  const double x = kMapLeft + l.cellWidth * double(col);
  const double y = kMapTop + l.cellHeight * double(row);
  const double gap = std::min(l.cellWidth, l.cellHeight) > 12 ? 1 : 0;
  const RampColour colour = rampColour((value - range.lo) / (range.hi - range.lo));
  const std::string tip =
      fmt::format("{}: {}", map.place(map.grid.rowKeys[row], map.grid.colKeys[col]),
                  std::isnan(value) ? "not measured" : formatQuantity(map.quantity, value));
  std::string svg = fmt::format(
      R"(<rect x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}" fill="{}"><title>{}</title></rect>)", x,
      y, l.cellWidth - gap, l.cellHeight - gap, std::isnan(value) ? "url(#none)" : colour.hex(),
      htmlText(tip));
  if (std::isnan(value) || l.cellWidth < kTextWidth || l.cellHeight < kTextHeight) return svg;
  return svg + fmt::format(R"(<text class="{}" x="{:.2f}" y="{:.2f}">{}</text>)",
                           colour.isDark() ? "v" : "v k", x + (l.cellWidth - gap) / 2,
                           y + l.cellHeight / 2 + 3.5, htmlText(shortText(map.quantity, value)));
}

int32_t numberOf(const CellKey& key) {
  return key.step >= 0 ? key.step : key.layer >= 0 ? key.layer : key.head;
}

// As many labels as fit, at even distances.
size_t labelEvery(double cellSize, double labelSize) {
  for (const size_t every : {1, 2, 5, 10, 20, 50})
    if (cellSize * double(every) >= labelSize) return every;
  return 100;
}

std::string axes(const Heatmap& map, const Layout& l) {
  std::string svg;
  for (size_t row = 0; row < l.rows; row += labelEvery(l.cellHeight, 13))
    svg += fmt::format(R"(<text class="r" x="{:.2f}" y="{:.2f}">{}</text>)", kMapLeft - 6,
                       kMapTop + l.cellHeight * (double(row) + 0.5) + 3.5, numberOf(map.grid.rowKeys[row]));
  for (size_t col = 0; col < l.cols; col += labelEvery(l.cellWidth, 22))
    svg += fmt::format(R"(<text class="m" x="{:.2f}" y="{:.2f}">{}</text>)",
                       kMapLeft + l.cellWidth * (double(col) + 0.5), kMapTop + l.height() + 14,
                       numberOf(map.grid.colKeys[col]));
  svg += fmt::format(R"(<text class="m t" x="{:.2f}" y="{:.2f}">{}</text>)", kMapLeft + l.width() / 2,
                     kMapTop + l.height() + 32, htmlText(map.colTitle));
  return svg +
         fmt::format(R"svg(<text class="m t" transform="translate(12 {:.2f}) rotate(-90)">{}</text>)svg",
                     kMapTop + l.height() / 2, htmlText(map.rowTitle));
}

std::string colourBar(const Heatmap& map, const Layout& l, const Range& range) {
  const double x = kMapLeft + l.width() + kBarGap;
  std::string svg =
      fmt::format(R"svg(<rect x="{:.2f}" y="{}" width="{}" height="{:.2f}" fill="url(#ramp)"/>)svg", x,
                  kMapTop, kBarWidth, l.height());
  const int labels = l.height() < 60 ? 2 : 3;
  for (int i = 0; i < labels; ++i) {
    const double at = double(i) / (labels - 1);
    svg +=
        fmt::format(R"(<text x="{:.2f}" y="{:.2f}">{}</text>)", x + kBarWidth + 5,
                    kMapTop + l.height() * (1 - at) + 9 * at,  // the first and the last stay beside the bar
                    htmlText(tickText(map.quantity, range.lo + at * (range.hi - range.lo))));
  }
  return svg;
}

std::string noteOf(const Heatmap& map, const Layout& l) {
  std::string note = map.note.empty() ? quantityNote(map.quantity) : map.note;
  if (std::ranges::any_of(map.grid.values, [](double v) { return std::isnan(v); }))
    note += "; hatched: not measured";
  if (l.rows < map.grid.rows() || l.cols < map.grid.cols())
    note +=
        fmt::format("; the first {} x {} of {} x {} cells", l.rows, l.cols, map.grid.rows(), map.grid.cols());
  return note;
}

}  // namespace

std::string heatmapDefinitions() {
  return R"(<svg width="0" height="0" aria-hidden="true" class="defs"><defs>)"
         R"(<linearGradient id="ramp" x1="0" y1="1" x2="0" y2="0">)" +
         rampStops() +
         R"(</linearGradient><pattern id="none" width="6" height="6" patternUnits="userSpaceOnUse">)"
         R"(<rect width="6" height="6" fill="#8882"/><path d="M-1 1l2-2M0 6l6-6M5 7l2-2" stroke="#8889"/>)"
         "</pattern></defs></svg>\n";
}

std::string heatmapFigure(const Heatmap& map) {
  if (std::ranges::none_of(map.grid.values, [](double v) { return std::isfinite(v); })) return {};
  const Layout l = layoutOf(map.grid);
  const Range range = colourRange(map.quantity, map.grid.values);
  const double width = kMapLeft + l.width() + kBarGap + kBarWidth + kBarLabels;
  const double height = kMapTop + l.height() + kMapBottom;
  std::string svg =
      fmt::format(R"(<figure><h3>{0}</h3><svg class="map" viewBox="0 0 {1:.0f} {2:.0f}" width="{1:.0f}" )"
                  R"(height="{2:.0f}" role="img" aria-label="{0}">)",
                  htmlText(map.title), width, height);
  for (size_t row = 0; row < l.rows; ++row)
    for (size_t col = 0; col < l.cols; ++col) svg += cell(map, l, range, row, col);
  svg += axes(map, l) + colourBar(map, l, range);
  return svg + fmt::format("</svg><figcaption>{}</figcaption></figure>\n", htmlText(noteOf(map, l)));
}

}  // namespace ditscope::analyzer
