// SPDX-License-Identifier: Apache-2.0
// A method with its parameters as text, and parameters by name whatever type a file gave them.
#pragma once

#include <optional>
#include <string>

#include "db/config.h"

namespace ditscope::analyzer {

[[nodiscard]] std::string parameterText(const db::ParameterValue& value);  // 0.25, on, topk
[[nodiscard]] std::string choiceText(const db::MethodChoice& choice);      // topk:density=0.25,sink=on

// Empty when the choice has no such parameter or it is no number (a text that spells one is one).
[[nodiscard]] std::optional<double> numberParameter(const db::MethodChoice& choice, const std::string& key);
// Empty when the choice has none.
[[nodiscard]] std::string textParameter(const db::MethodChoice& choice, const std::string& key);

// Two choices that compute the same: all but what was expected of them.
[[nodiscard]] bool sameSetting(const db::MethodChoice& a, const db::MethodChoice& b);

}  // namespace ditscope::analyzer
