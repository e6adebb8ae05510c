// SPDX-License-Identifier: Apache-2.0
// How the mask search refuses sizes that do not fit.
#pragma once

#include <stdexcept>
#include <string>

namespace ditscope::kernels {

inline void requireForSearch(bool good, const char* why) {
  if (!good) throw std::invalid_argument(std::string("mask search : ") + why);
}

}  // namespace ditscope::kernels
