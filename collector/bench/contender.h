// SPDX-License-Identifier: Apache-2.0
// What a benchmark compares: one way to compute attention of one shape, or to prepare for it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace ditscope::collector::bench {

struct Shape {  // of queries, keys and values alike: [batch, heads, tokens, dim]
  int64_t batch = 1;
  int64_t heads = 8;
  int64_t tokens = 2048;
  int64_t dim = 64;
  [[nodiscard]] double denseFlops() const {
    return 4 * double(batch) * double(heads) * double(tokens) * double(tokens) * double(dim);
  }
};
[[nodiscard]] Shape parseShape(const std::string& text);  // "B,H,N,D"; throws db::Error
[[nodiscard]] std::string toString(const Shape& shape);   // 1x8x2048x64

struct Contender {
  std::string name;
  double density = 1;    // kept pairs / pairs
  double flops = 0;      // of the kept pairs; 0 for what does no attention
  std::string own;       // name of our contender that it is measured against; empty = none
  std::string libtorch;  // likewise of LibTorch
  std::function<void()> run;
};

}  // namespace ditscope::collector::bench
