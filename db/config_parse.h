// SPDX-License-Identifier: Apache-2.0
// parseConfig with the beginning of its errors given: reading and writing complain about different things.
#pragma once

#include <string>
#include <string_view>

#include "db/config.h"

namespace ditscope::db {

[[nodiscard]] SparsityConfig parseConfigAs(std::string_view text, const std::string& what);

}  // namespace ditscope::db
