// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/sta_tiles.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <tuple>

#include "db/error.h"

namespace ditscope::collector {
namespace {

[[noreturn]] void refuse(const std::string& why, const std::string& remedy) {
  throw db::Error(db::Error::Kind::BadInput, "method sta", why, remedy);
}

double unevenness(const Triple& parts) {  // 0 when all three are equal
  double sum = 0, squares = 0;
  for (const int64_t part : parts) {
    sum += std::log(double(part));
    squares += std::log(double(part)) * std::log(double(part));
  }
  return squares - sum * sum / 3;
}

// Key tiles that a query tile attends along one axis of n tiles: [first, last].
struct TileRange {
  int64_t first, last;
  TileRange(int64_t query, int64_t width, int64_t n) {
    const int64_t half = width / 2;
    // Not std::clamp: the bounds cross for a window as wide as the axis, and then the upper one holds.
    const int64_t centre = std::min(std::max(query, half), n - 1 - half);
    first = std::max<int64_t>(centre - half, 0);
    last = std::min(centre + half, n - 1);
  }
  [[nodiscard]] int64_t count() const { return last - first + 1; }
};

std::vector<int64_t> widthsUpTo(int64_t tiles) {  // odd ones, and all
  std::vector<int64_t> widths;
  for (int64_t width = 1; width < tiles; width += 2) widths.push_back(width);
  widths.push_back(tiles);
  return widths;
}

std::vector<int64_t> divisors(int64_t n) {
  std::vector<int64_t> all;
  for (int64_t i = 1; i <= n; ++i) {
    if (n % i == 0) all.push_back(i);
  }
  return all;
}

std::vector<Triple> tilesThatFit(const Triple& grid, int64_t block) {
  std::vector<Triple> all;
  for (const int64_t f : divisors(grid[0])) {
    for (const int64_t r : divisors(grid[1])) {
      for (const int64_t c : divisors(grid[2])) {
        if (f * r * c <= block) all.push_back({f, r, c});
      }
    }
  }
  return all;
}

}  // namespace

Triple parseTriple(const std::string& key, const std::string& text) {
  Triple triple{};
  const char* at = text.data();
  const char* end = at + text.size();
  for (size_t axis = 0; axis < 3; ++axis) {
    const auto [next, error] = std::from_chars(at, end, triple[axis]);
    const bool closed = axis == 2 ? next == end : next != end && *next == 'x';
    if (error != std::errc() || !closed || triple[axis] < 1 || triple[axis] > 1'000'000) {
      refuse(fmt::format("{}={} is not possible", key, text), "give three positive numbers as in 3x3x5");
    }
    at = next + 1;
  }
  return triple;
}

std::string nameOf(const Triple& triple) {
  return fmt::format("{}x{}x{}", triple[0], triple[1], triple[2]);
}

StaTiles StaTiles::choose(const db::TokenGrid& tokens, int block, const std::string& text) {
  StaTiles tiles{{tokens.frames, tokens.rows, tokens.cols}, {1, 1, 1}};
  if (text != "auto") {
    tiles.tile = parseTriple("tile", text);
    const Triple &grid = tiles.grid, &tile = tiles.tile;
    const bool divides = grid[0] % tile[0] == 0 && grid[1] % tile[1] == 0 && grid[2] % tile[2] == 0;
    if (!divides || tiles.tokens() != block) {
      refuse(fmt::format("a tile of {} does not divide the grid of {} into blocks of {} tokens", text,
                         nameOf(grid), block),
             fmt::format("give divisors of {} whose product is {}, or tile=auto", nameOf(grid), block));
    }
    return tiles;
  }
  const auto rank = [&tiles](const Triple& tile) {
    const StaTiles cut{tiles.grid, tile};
    const double uneven = std::round(unevenness(cut.counts()) * 1e6);  // equal but for rounding is equal
    return std::tuple(-cut.tokens(), uneven, tile[0], tile[1]);
  };
  for (const Triple& tile : tilesThatFit(tiles.grid, block)) {
    if (rank(tile) < rank(tiles.tile)) tiles.tile = tile;
  }
  return tiles;
}

at::Tensor StaTiles::order() const {
  const Triple n = counts();
  return at::arange(grid[0] * grid[1] * grid[2], at::kLong)
      .view({n[0], tile[0], n[1], tile[1], n[2], tile[2]})
      .permute({0, 2, 4, 1, 3, 5})
      .reshape(-1);
}

int64_t StaTiles::keptTiles(const Triple& window) const {
  const Triple n = counts();
  int64_t kept = 1;
  for (size_t axis = 0; axis < 3; ++axis) kept *= TileRange(0, window[axis], n[axis]).count();
  return kept;
}

double StaTiles::density(const Triple& window) const {
  const Triple n = counts();
  return double(keptTiles(window)) / double(n[0] * n[1] * n[2]);
}

std::vector<Triple> StaTiles::windows() const {
  const Triple n = counts();
  std::vector<Triple> all;
  for (const int64_t f : widthsUpTo(n[0])) {
    for (const int64_t r : widthsUpTo(n[1])) {
      for (const int64_t c : widthsUpTo(n[2])) all.push_back({f, r, c});
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [this](const Triple& a, const Triple& b) { return keptTiles(a) < keptTiles(b); });
  return all;
}

Triple StaTiles::smallestWindow(double share) const {
  const Triple n = counts();
  const auto rank = [this, &n](const Triple& window) {  // even in the share of each axis
    const Triple shares{window[0] * n[1] * n[2], window[1] * n[0] * n[2], window[2] * n[0] * n[1]};
    return std::pair(keptTiles(window), unevenness(shares));
  };
  Triple best = n;
  for (const Triple& window : windows()) {
    if (density(window) >= share - 1e-9 && rank(window) < rank(best)) best = window;
  }
  return best;
}

std::shared_ptr<const kernels::BlockListStorage> StaTiles::lists(const Triple& window,
                                                                 const VideoTokens& video, int block) const {
  const Triple n = counts();
  const auto keysOf = [&](int64_t place, std::vector<kernels::KeyInterval>& intervals) {
    if (video.addText(place, intervals)) return;
    const int64_t query = (place - video.begin()) / tokens();  // tile
    const TileRange frames(query / (n[1] * n[2]), window[0], n[0]);
    const TileRange rows(query / n[2] % n[1], window[1], n[1]);
    const TileRange columns(query % n[2], window[2], n[2]);
    for (int64_t f = frames.first; f <= frames.last; ++f) {
      for (int64_t r = rows.first; r <= rows.last; ++r) {
        const int64_t line = (f * n[1] + r) * n[2];
        intervals.push_back({video.begin() + (line + columns.first) * tokens(),
                             video.begin() + (line + columns.last + 1) * tokens()});
      }
    }
  };
  return std::make_shared<kernels::BlockListStorage>(
      kernels::listFromIntervals(video.all(), video.all(), block, block, keysOf));
}

}  // namespace ditscope::collector
