// SPDX-License-Identifier: Apache-2.0
// The band mask of Sparse VideoGen (arXiv 2502.01776): in the order of tokens in which a head runs, each
// attends the places around its own; text attends all and is attended by all; the first frame may be attended
// by all.
#pragma once

#include <vector>

#include "collector/methods/video_tokens.h"

namespace ditscope::collector {

struct SvgBand {
  VideoTokens video;
  int64_t reach = 0;     // |query place - key place| <= reach is attended; in places, or in blocks
  int64_t block = 1;     // width of the blocks that everything is rounded to: 1 = exact
  int64_t sinkKeys = 0;  // the first video places, attended by all

  // Half the width from the share of all pairs that the mask is to keep, the text's included and the sink's
  // not: a band of w places on either side holds 1 - (1 - w / N)^2 of the pairs (width in frames: `mul` of
  // the paper's code). In whole blocks |i - j| <= floor(w / block) comes nearest to it.
  static SvgBand ofDensity(const VideoTokens& video, double density, int64_t block);

  void addKeys(int64_t place, std::vector<kernels::KeyInterval>& intervals) const;
};

}  // namespace ditscope::collector
