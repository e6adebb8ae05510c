// SPDX-License-Identifier: Apache-2.0
#include "analyzer/token_order.h"

#include <algorithm>
#include <stdexcept>

namespace ditscope::analyzer {
namespace {

bool isKnown(db::TokenOrder order) {
  return order == db::TokenOrder::FrameMajor || order == db::TokenOrder::PixelMajor;
}

// Where the video token at place `at` of one order stands in the other.
int64_t placeIn(const db::TokenGrid& grid, db::TokenOrder from, db::TokenOrder to, int64_t at) {
  if (from == to) return at;
  const int64_t pixels = int64_t{grid.rows} * grid.cols;
  return from == db::TokenOrder::FrameMajor ? at % pixels * grid.frames + at / pixels
                                            : at % grid.frames * pixels + at / grid.frames;
}

// weights[block of `rows`][drawn block] of a map, as `scale` says for each draw; values(row, col) may be NaN.
template <class Value, class ColumnScale>
db::BlockMass reorder(int32_t mapRows, int32_t mapCols, Value value, const BlockDraw& rows,
                      const BlockDraw& cols, ColumnScale columnScale) {
  const auto within = [](const BlockDraw& draw, int32_t count) {
    return std::ranges::all_of(draw.block, [&](int32_t block) { return block < count; });
  };
  if (!within(rows, mapRows) || !within(cols, mapCols)) throw std::invalid_argument("draws of another map");
  std::vector<float> across(size_t(mapRows) * size_t(cols.blocks()), 0.0F);
  for (int32_t row = 0; row < mapRows; ++row) {
    for (int32_t col = 0; col < cols.blocks(); ++col) {
      float sum = 0;
      for (size_t i = cols.first[size_t(col)]; i < cols.first[size_t(col) + 1]; ++i)
        sum += value(row, cols.block[i]) * columnScale(col, i);
      across[size_t(row) * size_t(cols.blocks()) + size_t(col)] = sum;
    }
  }
  db::BlockMass result{.rows = rows.blocks(), .cols = cols.blocks(), .mass = {}};
  result.mass.reserve(size_t(result.rows) * size_t(result.cols));
  std::vector<float> line(size_t(result.cols));
  for (int32_t row = 0; row < rows.blocks(); ++row) {
    std::ranges::fill(line, 0.0F);
    int64_t tokens = 0;
    for (size_t i = rows.first[size_t(row)]; i < rows.first[size_t(row) + 1]; ++i) {
      tokens += rows.tokens[i];
      const float* from = across.data() + size_t(rows.block[i]) * line.size();
      for (size_t col = 0; col < line.size(); ++col) line[col] += from[col] * float(rows.tokens[i]);
    }
    for (const float sum : line) result.mass.push_back(sum / float(tokens));
  }
  return result;
}

}  // namespace

std::optional<BlockDraw> drawBlocks(const TokenAxis& axis, db::TokenOrder from, db::TokenOrder to) {
  const int64_t video = axis.grid.count(), text = axis.text.end - axis.text.begin;
  const bool textFits = text == 0 || axis.text.begin == 0 || axis.text.begin == video;
  if (!isKnown(from) || !isKnown(to) || axis.block <= 0 || video <= 0 || video + text != axis.length ||
      !textFits)
    return std::nullopt;
  const int64_t videoBegin = text > 0 && axis.text.begin == 0 ? text : 0;
  BlockDraw draw{.first = {0}, .block = {}, .tokens = {}};
  std::vector<int32_t> sources;
  for (int64_t begin = 0; begin < axis.length; begin += axis.block) {
    sources.clear();
    for (int64_t at = begin; at < std::min(begin + axis.block, axis.length); ++at) {
      const int64_t v = at - videoBegin;
      const bool isVideo = v >= 0 && v < video;
      sources.push_back(int32_t((isVideo ? videoBegin + placeIn(axis.grid, to, from, v) : at) / axis.block));
    }
    std::ranges::sort(sources);
    for (const int32_t source : sources) {
      if (draw.block.size() == draw.first.back() || draw.block.back() != source) {
        draw.block.push_back(source);
        draw.tokens.push_back(0);
      }
      ++draw.tokens.back();
    }
    draw.first.push_back(draw.block.size());
  }
  return draw;
}

db::BlockMass reorderMass(const db::BlockMass& mass, const BlockDraw& rows, const BlockDraw& cols,
                          const TokenAxis& keys) {
  // Of what a recorded key block got, each of its tokens has an even part.
  const auto size = [&](int32_t block) {
    return float(std::min<int64_t>(keys.block, keys.length - int64_t{block} * keys.block));
  };
  return reorder(
      mass.rows, mass.cols, [&](int32_t row, int32_t col) { return mass.at(row, col); }, rows, cols,
      [&](int32_t, size_t i) { return float(cols.tokens[i]) / size(cols.block[i]); });
}

db::BlockMass keptShare(const db::BlockMask& mask, const BlockDraw& rows, const BlockDraw& cols) {
  std::vector<float> tokens(size_t(cols.blocks()), 0.0F);
  for (int32_t col = 0; col < cols.blocks(); ++col)
    for (size_t i = cols.first[size_t(col)]; i < cols.first[size_t(col) + 1]; ++i)
      tokens[size_t(col)] += float(cols.tokens[i]);
  return reorder(
      mask.rows(), mask.cols(),
      [&](int32_t row, int32_t col) { return mask.at(row, col) == db::BlockState::Skipped ? 0.0F : 1.0F; },
      rows, cols, [&](int32_t col, size_t i) { return float(cols.tokens[i]) / tokens[size_t(col)]; });
}

}  // namespace ditscope::analyzer
