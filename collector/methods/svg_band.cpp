// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/svg_band.h"

#include <algorithm>
#include <cmath>

namespace ditscope::collector {

SvgBand SvgBand::ofDensity(const VideoTokens& video, double density, int64_t block) {
  const double width = double(video.count()) * (1 - std::sqrt(1 - withoutTextPairs(video, density)));
  // w places on either side, the token's own among them: w - 1 to the left and to the right.
  const int64_t reach = block == 1 ? std::max<int64_t>(std::llround(width) - 1, 0)
                                   : int64_t(std::floor(width / double(block) + 1e-9));
  return {.video = video, .reach = reach, .block = block};
}

void SvgBand::addKeys(int64_t place, std::vector<kernels::KeyInterval>& intervals) const {
  const int64_t first = place / block * block;  // of the places that are treated alike
  const auto upTo = [this](int64_t end) { return (end + block - 1) / block * block; };
  const auto downTo = [this](int64_t begin) { return begin / block * block; };
  if (video.text() > 0 && (first < video.begin() || std::min(first + block, video.all()) > video.end())) {
    intervals.push_back({0, video.all()});
    return;
  }
  intervals.push_back({0, upTo(video.begin())});
  intervals.push_back({video.end() < video.all() ? downTo(video.end()) : video.all(), video.all()});
  if (sinkKeys > 0) intervals.push_back({downTo(video.begin()), upTo(video.begin() + sinkKeys)});
  intervals.push_back({first - reach * block, first + (reach + 1) * block});
}

}  // namespace ditscope::collector
