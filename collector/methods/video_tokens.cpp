// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/video_tokens.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "db/error.h"

namespace ditscope::collector {
namespace {

double videoPairs(const VideoTokens& video) {  // as a share of all pairs
  const double side = double(video.count()) / double(video.all());
  return side * side;
}

}  // namespace

VideoTokens::VideoTokens(const MethodCall& call) : m_tokens(call.queries()), m_begin(0), m_end(m_tokens) {
  const auto [begin, end] = call.text;
  if (begin >= end) return;
  if (begin != 0 && end != m_tokens) {
    throw db::Error(
        db::Error::Kind::Failure, "sparsity method",
        fmt::format("the text at {} to {} of {} tokens stands inside the video", begin, end, m_tokens),
        "choose a method that needs no order of the video's tokens, such as topk");
  }
  m_begin = begin == 0 ? end : 0;
  m_end = begin == 0 ? m_tokens : begin;
}

void VideoTokens::requireGrid(const MethodCall& call, const char* method) const {
  if (call.grid.count() == count()) return;
  throw db::Error(db::Error::Kind::BadInput, fmt::format("method {}", method),
                  fmt::format("the grid of {} x {} x {} tokens is not the sequence of {}", call.grid.frames,
                              call.grid.rows, call.grid.cols, count()),
                  "choose a method that needs no grid, such as topk");
}

bool VideoTokens::addText(int64_t query, std::vector<kernels::KeyInterval>& intervals) const {
  if (!holds(query)) {
    intervals.push_back({0, m_tokens});
    return true;
  }
  if (m_begin > 0) intervals.push_back({0, m_begin});
  if (m_end < m_tokens) intervals.push_back({m_end, m_tokens});
  return false;
}

at::Tensor VideoTokens::withText(const at::Tensor& order) const {
  if (text() == 0) return order;
  std::vector<int64_t> shape = order.sizes().vec();
  const auto run = [&shape](int64_t begin, int64_t end) {
    shape.back() = end - begin;
    return at::arange(begin, end, at::kLong).expand(shape);
  };
  return at::cat({run(0, m_begin), order + m_begin, run(m_end, m_tokens)}, -1);
}

double withTextPairs(const VideoTokens& video, double share) {
  return 1 - (1 - share) * videoPairs(video);
}

double withoutTextPairs(const VideoTokens& video, double share) {
  return std::max(1 - (1 - share) / videoPairs(video), 0.0);
}

}  // namespace ditscope::collector
