// SPDX-License-Identifier: Apache-2.0
// Launches that differ in nothing but their lists, made one: heads that lie apart need not be gathered, and
// the kernel's threads have all of them to share.
#pragma once

#include <vector>

#include "collector/methods/method.h"

namespace ditscope::collector {

// Of launches that together hold heads of the call once each, those without skips, order or given output
// become the first; the others stay as they are behind it.
[[nodiscard]] std::vector<Launch> joinLaunches(std::vector<Launch> launches, const MethodCall& call);

}  // namespace ditscope::collector
