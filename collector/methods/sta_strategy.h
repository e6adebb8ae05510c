// SPDX-License-Identifier: Apache-2.0
// A table of windows as FastVideo writes it: a JSON object with keys "step_layer_head" and values
// [frames, rows, columns] in tiles.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "collector/methods/sta_tiles.h"

namespace ditscope::collector {

class StaStrategy {
 public:
  // Throws db::Error naming the file when it is no such table, or names a step, layer or head that the
  // generation has not.
  StaStrategy(const std::string& file, const SamplingPlan& plan);

  // Null for heads that the table does not name.
  [[nodiscard]] const Triple* window(int step, int layer, int64_t head) const;

 private:
  std::map<std::tuple<int64_t, int64_t, int64_t>, Triple> m_windows;  // by step, layer, head
};

}  // namespace ditscope::collector
