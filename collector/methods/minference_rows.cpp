// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/minference_rows.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "collector/methods/video_tokens.h"
#include "kernels/parallel.h"

namespace ditscope::collector {

std::vector<int64_t> stratifiedRows(const MethodCall& call, int64_t count, double shift) {
  const VideoTokens video(call);
  count = std::min(count, video.count());
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < count; ++i) {
    double place = 0.618033988749895 * double(i) + shift;  // multiples of it spread evenly
    place -= std::floor(place);
    rows.push_back(video.begin() + int64_t((double(i) + place) * double(video.count()) / double(count)));
  }
  return rows;
}

void forEachHeadsRows(const MethodCall& call, std::span<const int64_t> heads, std::span<const int64_t> rows,
                      const std::function<void(size_t i, const float* share)>& visit) {
  constexpr int64_t kFloats = int64_t(1) << 24;  // that many shares at a time
  const auto headCount = int64_t(heads.size());
  const int64_t perHead = int64_t(rows.size()) * call.keys();
  const int64_t together = std::max<int64_t>(kFloats / std::max<int64_t>(perHead, 1), 1);
  const at::Tensor rowIndex = at::tensor(at::ArrayRef<int64_t>(rows.data(), rows.size()), at::kLong);
  for (int64_t first = 0; first < headCount; first += together) {
    const int64_t count = std::min(together, headCount - first);
    const at::Tensor index =
        at::tensor(at::ArrayRef<int64_t>(heads.data() + first, size_t(count)), at::kLong);
    const at::Tensor q = call.q.index_select(0, index).index_select(1, rowIndex).to(at::kFloat);
    const at::Tensor k = call.k.index_select(0, index).to(at::kFloat);
    const at::Tensor scores = at::matmul(q, k.transpose(1, 2)) / std::sqrt(double(call.q.size(2)));
    const at::Tensor shares = scores.softmax(-1).contiguous();
    kernels::parallelFor(count, at::get_num_threads(), [&](int64_t i, int) {
      visit(size_t(first + i), shares.data_ptr<float>() + i * perHead);
    });
  }
}

RowSums sumRows(const MethodCall& call, std::span<const int64_t> rows, const float* share) {
  const int64_t keys = call.keys();
  const VideoTokens video(call);
  RowSums sums{std::vector<double>(size_t(keys)), std::vector<double>(size_t(call.queries() + keys - 1))};
  for (const int64_t row : rows) {
    if (!std::isnan(share[0])) {  // in a softmax one NaN spoils them all
      for (int64_t j = video.begin(); j < video.end(); ++j) sums.columns[size_t(j)] += double(share[j]);
      double* diagonals = &sums.diagonals[size_t(row + keys - 1)];
      for (int64_t j = video.begin(); j < video.end(); ++j) diagonals[-j] += double(share[j]);
    }
    share += keys;
  }
  return sums;
}

}  // namespace ditscope::collector
