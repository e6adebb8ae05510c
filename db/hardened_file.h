// SPDX-License-Identifier: Apache-2.0
// The steps that open a SQLite file which a stranger may have made: its first bytes are looked at before
// SQLite does, the connection is hardened, and the tables must be the plain ones that our scripts make.
// Source: sqlite.org, Defense Against The Dark Arts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "db/sqlite.h"

namespace ditscope::db {

inline constexpr const char* kTakeIntact = "take an intact copy or record again";

struct OurFile {
  const char* name;  // for example "DiTScope trace"
  uint32_t applicationId;
  const char* remedy;  // when a file is something else
};

// All throw db::Error.
void checkHeader(const std::filesystem::path& path, const OurFile& kind);  // also that it is not cut short
void harden(const Connection& connection);
// Each table that the scripts make must be there as a plain STRICT table with at least its columns, stored
// and of their types. A newer file may have more of both.
void checkTables(const Connection& connection, std::span<const std::string_view> scripts);
void runQuickCheck(const Connection& connection);

[[nodiscard]] bool hasContent(const std::filesystem::path& path, const char* suffix);  // of a side file

}  // namespace ditscope::db
