// SPDX-License-Identifier: Apache-2.0
// How a long computation reports: called now and then from its own thread with what is done and the total.
// Returning false cancels; the computation then throws db::Cancelled.
#pragma once

#include <cstdint>
#include <functional>

namespace ditscope::analyzer {

using Progress = std::function<bool(int64_t done, int64_t total)>;

}  // namespace ditscope::analyzer
