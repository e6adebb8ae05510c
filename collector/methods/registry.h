// SPDX-License-Identifier: Apache-2.0
// The sparsity methods by name.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "collector/methods/method.h"

namespace ditscope::collector {

[[nodiscard]] const std::vector<MethodInfo>& methods();
[[nodiscard]] const MethodInfo& methodNamed(const std::string& name);  // throws db::Error naming all
[[nodiscard]] std::string methodNames();                               // dense, window, ...

using MethodMaker = std::function<std::unique_ptr<Method>(const SamplingPlan&)>;

// "NAME" or "NAME:key=value,..."; throws db::Error naming what is wrong. The returned function makes a fresh
// object for each generation.
[[nodiscard]] MethodMaker parseMethod(const std::string& text);

}  // namespace ditscope::collector
