// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "collector/attention.h"

namespace ditscope::collector {
namespace {
constexpr int64_t kMaxScores = int64_t{1} << 26;  // f32 scores held at once: 256 MB
}

at::Tensor PlainAttention::attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                  const AttentionContext&) {
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(3)));
  const int64_t heads = q.size(1);
  const int64_t scoresPerHead = std::max<int64_t>(1, q.size(0) * q.size(2) * k.size(2));
  const int64_t chunk = std::clamp<int64_t>(kMaxScores / scoresPerHead, 1, heads);

  std::vector<at::Tensor> outputs;
  for (int64_t first = 0; first < heads; first += chunk) {
    const int64_t count = std::min(chunk, heads - first);
    const auto part = [&](const at::Tensor& x) { return x.narrow(1, first, count).to(at::kFloat); };
    const at::Tensor weights = at::softmax(at::matmul(part(q) * scale, part(k).transpose(2, 3)), -1);
    outputs.push_back(at::matmul(weights, part(v)).to(q.scalar_type()));
  }
  return at::cat(outputs, 1);
}

}  // namespace ditscope::collector
