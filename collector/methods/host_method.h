// SPDX-License-Identifier: Apache-2.0
// Lets a method that reads tensors in host memory (as the mask search of kernels/mask_search.h does) serve a
// run on a GPU: it is given copies, and what it changes goes back. Right for every method, at the price of
// the copies; those that need none say so (MethodInfo::onDevice).
#pragma once

#include <memory>

#include "collector/methods/method.h"

namespace ditscope::collector {

[[nodiscard]] std::unique_ptr<Method> onHost(std::unique_ptr<Method> method);

}  // namespace ditscope::collector
