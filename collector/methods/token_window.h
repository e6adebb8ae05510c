// SPDX-License-Identifier: Apache-2.0
// Windows of single tokens, exact inside the blocks at their rims. Text attends all and is attended by all;
// places and distances are those of the other tokens, with the text left out.
#pragma once

#include <memory>

#include "collector/methods/method.h"

namespace ditscope::collector {

struct TokenWindow {
  int64_t radius = 0;       // tokens on either side
  bool everyFrame = false;  // around the query's place in its frame, in every frame; else along the sequence
};

// A list for all heads of the call.
class WindowMask {
 public:
  // Throws db::Error when a window in every frame meets a call whose grid is not its sequence.
  WindowMask(const MethodCall& call, const TokenWindow& window);

  [[nodiscard]] const std::shared_ptr<const kernels::BlockListStorage>& lists() const { return m_lists; }
  [[nodiscard]] double tokenDensity() const { return m_tokenDensity; }  // attended / all (query, key)
  [[nodiscard]] double blockDensity() const { return m_blockDensity; }  // visited / all blocks
  [[nodiscard]] bool fits(const MethodCall& call) const;                // its number of tokens and its blocks

 private:
  int64_t m_queries = 0;
  std::shared_ptr<const kernels::BlockListStorage> m_lists;
  double m_tokenDensity = 0;
  double m_blockDensity = 0;
};

}  // namespace ditscope::collector
