// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/value_map.h"

#include <cmath>
#include <utility>

#include "analyzer/pooling.h"
#include "db/block_mask.h"

namespace ditscope::gui {

HeatmapSource valueSource(std::shared_ptr<const ValueMap> map, const ValueScale& scale, ColourMapId colours,
                          std::function<QString(double)> text) {
  HeatmapSource source;
  source.rows = map->rows;
  source.cols = map->cols;
  source.gaps = true;
  source.image = [map, scale, colours](int maxRows, int maxCols) {
    const db::BlockMass grid{map->rows, map->cols, {map->values.begin(), map->values.end()}};
    const auto pooled = analyzer::poolMass(grid, maxRows, maxCols);
    const ColourTable& table = colourTable(colours);
    QImage image(pooled.cols, pooled.rows, QImage::Format_ARGB32);
    for (int row = 0; row < pooled.rows; ++row)
      for (int col = 0; col < pooled.cols; ++col)
        image.setPixel(col, row, colourOf(double(pooled.at(row, col)), scale, table));
    return image;
  };
  if (text)
    source.text = [map, text = std::move(text)](int row, int col) {
      const double value = map->at(row, col);
      return std::isfinite(value) ? text(value) : QString();
    };
  return source;
}

ColourLegend valueLegend(const ValueMap& map, const ValueScale& scale, ColourMapId colours,
                         const QString& title, std::function<QString(double)> format) {
  ColourLegend legend;
  legend.scale = scale;
  legend.map = colours;
  legend.title = title;
  legend.format = std::move(format);
  for (const double value : map.values) {
    legend.clippedLow |= value < scale.lo;
    legend.clippedHigh |= value > scale.hi;
    legend.hasNotMeasured |= std::isnan(value);
  }
  return legend;
}

}  // namespace ditscope::gui
