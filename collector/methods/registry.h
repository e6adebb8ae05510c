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

using MethodMaker = std::function<std::unique_ptr<Method>(const SamplingPlan&)>;

// "NAME" or "NAME:key=value,..."; throws db::Error naming what is wrong. The returned function makes a fresh
// object for each generation.
[[nodiscard]] MethodMaker parseMethod(const std::string& text);

// One paragraph a method: name, help, keys with range and default.
[[nodiscard]] std::string methodsHelp();

}  // namespace ditscope::collector
