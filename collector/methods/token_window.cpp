// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/token_window.h"

#include <algorithm>

#include "collector/methods/video_tokens.h"
#include "kernels/token_windows.h"

namespace ditscope::collector {
namespace {

using Intervals = std::vector<kernels::KeyInterval>;

// The keys of each query, as intervals that overlap nowhere.
class KeysOf {
 public:
  KeysOf(const MethodCall& call, const TokenWindow& window)
      : m_video(call),
        m_radius(window.radius),
        m_frame(window.everyFrame ? m_video.count() / std::max(call.grid.frames, 1) : m_video.count()) {
    if (window.everyFrame) m_video.requireGrid(call, "with a window in every frame");
  }

  void operator()(int64_t query, Intervals& intervals) const {
    if (m_video.addText(query, intervals)) return;
    const int64_t inFrame = (query - m_video.begin()) % m_frame;
    const int64_t from = std::max<int64_t>(inFrame - m_radius, 0);
    const int64_t to = std::min(inFrame + m_radius + 1, m_frame);
    for (int64_t start = m_video.begin(); start < m_video.end(); start += m_frame) {
      intervals.push_back({start + from, start + to});
    }
  }

 private:
  VideoTokens m_video;
  int64_t m_radius;
  int64_t m_frame;  // tokens of a frame, or of all
};

double densityOf(const KeysOf& keysOf, int64_t queries, int64_t keys) {
  int64_t attended = 0;
  Intervals intervals;
  for (int64_t i = 0; i < queries; ++i) {
    intervals.clear();
    keysOf(i, intervals);
    for (const auto& [begin, end] : intervals) attended += end - begin;
  }
  return double(attended) / (double(queries) * double(keys));
}

}  // namespace

WindowMask::WindowMask(const MethodCall& call, const TokenWindow& window) : m_queries(call.queries()) {
  const KeysOf keysOf(call, window);
  const auto lists = std::make_shared<const kernels::BlockListStorage>(
      kernels::listFromIntervals(call.queries(), call.keys(), call.block, call.block, keysOf));
  m_lists = lists;
  m_tokenDensity = densityOf(keysOf, call.queries(), call.keys());
  const int64_t keyBlocks = (call.keys() + call.block - 1) / call.block;
  m_blockDensity = double(lists->entry.size()) / (double(lists->rowStart.size() - 1) * double(keyBlocks));
}

bool WindowMask::fits(const MethodCall& call) const {
  return m_queries == call.queries() && m_lists->qBlock == call.block;
}

}  // namespace ditscope::collector
