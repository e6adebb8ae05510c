// SPDX-License-Identifier: Apache-2.0
// Some heads of a tensor, without a copy where they lie evenly apart.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace ditscope::collector {

// On a GPU the copy does not wait for the work that is under way.
[[nodiscard]] inline at::Tensor indexOn(at::Device device, const std::vector<int64_t>& values) {
  return at::tensor(values, at::kLong).to(device, at::kLong, /*non_blocking=*/true);
}

// heads: ascending, not empty; of the dimension `dim` of x. An undefined x stays undefined.
[[nodiscard]] inline at::Tensor selectHeads(const at::Tensor& x, int64_t dim,
                                            const std::vector<int64_t>& heads) {
  if (!x.defined() || int64_t(heads.size()) == x.size(dim)) return x;
  const int64_t apart = heads.size() > 1 ? heads[1] - heads[0] : 1;
  bool even = true;
  for (size_t i = 1; i < heads.size(); ++i) even = even && heads[i] - heads[i - 1] == apart;
  if (even) return x.slice(dim, heads.front(), heads.back() + 1, apart);
  return x.index_select(dim, indexOn(x.device(), heads));
}

}  // namespace ditscope::collector
