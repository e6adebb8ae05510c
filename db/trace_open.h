// SPDX-License-Identifier: Apache-2.0
// Opens a file that a stranger may have made: header first, then a hardened read-only connection, then the
// tables it must have. What SQL text the file carries (views, triggers, expressions) is never run.
#pragma once

#include <filesystem>
#include <functional>

#include "db/sqlite.h"

namespace ditscope::db {

// cancelled may be empty; it must stay where it is as long as the connection lives.
// Throws db::Error (not a trace, damaged, newer, cannot be read) or db::Cancelled.
[[nodiscard]] Connection openTrace(const std::filesystem::path& path, bool quickCheck,
                                   const std::function<bool()>& cancelled);

}  // namespace ditscope::db
