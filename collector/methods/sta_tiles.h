// SPDX-License-Identifier: Apache-2.0
// The tiles of Sliding Tile Attention (arXiv 2502.04507): the video cut into boxes of (frames, rows, columns)
// whose tokens stand one after the other, and windows counted in whole tiles.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "collector/methods/video_tokens.h"

namespace ditscope::collector {

using Triple = std::array<int64_t, 3>;  // along frames, rows, columns

// "3x3x5"; throws db::Error naming the key when it is anything but three positive numbers.
[[nodiscard]] Triple parseTriple(const std::string& key, const std::string& text);
[[nodiscard]] std::string nameOf(const Triple& triple);

struct StaTiles {
  Triple grid;  // of the video, in tokens
  Triple tile;  // divides the grid

  // text: "auto" or FxHxW, which must hold `block` tokens and divide the grid, else db::Error. Auto takes the
  // tile that divides the grid with the most tokens up to `block` and cuts the axes into the most even
  // numbers of tiles; among equals the one of the fewest frames, then of the fewest rows.
  static StaTiles choose(const db::TokenGrid& grid, int block, const std::string& text);

  [[nodiscard]] int64_t tokens() const { return tile[0] * tile[1] * tile[2]; }  // of a tile
  [[nodiscard]] Triple counts() const { return {grid[0] / tile[0], grid[1] / tile[1], grid[2] / tile[2]}; }
  // int64 [video tokens]: the token at each place.
  [[nodiscard]] at::Tensor order() const;

  // A window is moved inwards at the rims (its centre is clamped), so that every query tile attends as many
  // key tiles; an even width counts as the odd one above it.
  [[nodiscard]] int64_t keptTiles(const Triple& window) const;  // of a query tile
  [[nodiscard]] double density(const Triple& window) const;     // kept / all tiles
  // Each width that matters along each axis, the sparsest windows first and the last one everything.
  [[nodiscard]] std::vector<Triple> windows() const;
  // The sparsest window that keeps at least this share of the tiles; the most even one among equals.
  [[nodiscard]] Triple smallestWindow(double share) const;
  [[nodiscard]] std::shared_ptr<const kernels::BlockListStorage> lists(const Triple& window,
                                                                       const VideoTokens& video,
                                                                       int block) const;
};

}  // namespace ditscope::collector
