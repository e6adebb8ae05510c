// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <vector>

#include "collector/bench/contender.h"
#include "db/error.h"
#include "kernels/attention.h"

namespace ditscope::collector::bench {
namespace {

constexpr int64_t kMaxSide = 1'000'000;
constexpr int64_t kMaxElements = int64_t{1} << 30;  // of a tensor, or of its row statistics

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
  throw db::Error(db::Error::Kind::BadInput, "--shape " + text, why,
                  "write BATCH,HEADS,TOKENS,DIM, for example 1,8,4096,128");
}

}  // namespace

Shape parseShape(const std::string& text) {
  std::vector<int64_t> sides;
  std::istringstream stream(text);
  for (std::string item; std::getline(stream, item, ',');) {
    int64_t side = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), side);
    if (error != std::errc() || end != item.data() + item.size()) refuse(text, "is not four whole numbers");
    if (side < 1 || side > kMaxSide) refuse(text, fmt::format("{} is not between 1 and {}", side, kMaxSide));
    sides.push_back(side);
  }
  if (sides.size() != 4 || text.ends_with(',')) refuse(text, "is not four whole numbers");
  const Shape shape{sides[0], sides[1], sides[2], sides[3]};
  if (shape.dim > kernels::kMaxHeadDim) {
    refuse(text, fmt::format("heads wider than {} have no kernel", kernels::kMaxHeadDim));
  }
  // In steps, so that no product overflows.
  const int64_t widest = std::max(shape.dim, shape.tokens / kernels::kDefaultBlock);
  if (shape.batch * shape.heads > kMaxElements / widest / shape.tokens) refuse(text, "is too large");
  return shape;
}

std::string toString(const Shape& shape) {
  return fmt::format("{}x{}x{}x{}", shape.batch, shape.heads, shape.tokens, shape.dim);
}

}  // namespace ditscope::collector::bench
