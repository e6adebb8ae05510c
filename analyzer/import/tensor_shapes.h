// SPDX-License-Identifier: Apache-2.0
// The shapes of an operator's inputs, as profilers write them, and the attention problem that they are.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "analyzer/import/capture.h"
#include "analyzer/import/import_rules.h"

namespace ditscope::analyzer {

struct TensorShape {
  static constexpr size_t kMaxRank = 8;
  std::array<int64_t, kMaxRank> extents{};
  size_t rank = 0;
  void add(int64_t extent) {
    if (rank < kMaxRank) extents[rank] = extent;
    ++rank;
  }
};

struct InputShapes {
  static constexpr size_t kMaxInputs = 8;
  std::array<TensorShape, kMaxInputs> inputs;
  size_t count = 0;
  void clear() { count = 0; }
  TensorShape* add() {  // null for an input that is too far behind to matter
    if (count == kMaxInputs) return nullptr;
    inputs[count].rank = 0;
    return &inputs[count++];
  }
};

// "[[2, 38, 4429, 64], [], [1]]", in which any other value of the list counts as an input without shape.
[[nodiscard]] InputShapes parseShapes(std::string_view text);

// Of the first two inputs with four dimensions, queries and keys; with three, of one sequence without a
// batch.
[[nodiscard]] AttentionShape attentionShape(const InputShapes& shapes, TensorLayout layout);

}  // namespace ditscope::analyzer
