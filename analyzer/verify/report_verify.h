// SPDX-License-Identifier: Apache-2.0
// What `ditscope verify` prints: the promise first, then the whole run, how predictions agree with what was
// measured, and the heads that fall furthest below what was predicted.
#pragma once

#include <string>

#include "analyzer/text_style.h"
#include "analyzer/verify/verification.h"

namespace ditscope::analyzer {

[[nodiscard]] std::string verifyText(const Verification& v, const TextStyle& style);
[[nodiscard]] std::string verifyJson(const Verification& v);  // ditscope.verify/1

}  // namespace ditscope::analyzer
