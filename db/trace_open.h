// SPDX-License-Identifier: Apache-2.0
// Opens a file that a stranger may have made: header first, then a hardened read-only connection, then the
// tables it must have. What SQL text the file carries (views, triggers, expressions) is never run.
#pragma once

#include <filesystem>
#include <functional>

#include "db/sqlite.h"

namespace ditscope::db {

struct OpenedTrace {
  Connection connection;
  int version = 0;  // of the schema; an older file is read as it lies, without the columns that came later
};

// cancelled may be empty; it must stay where it is as long as the connection lives.
// Throws db::Error (not a trace, damaged, newer, cannot be read) or db::Cancelled.
[[nodiscard]] OpenedTrace openTrace(const std::filesystem::path& path, bool quickCheck,
                                    const std::function<bool()>& cancelled);

}  // namespace ditscope::db
