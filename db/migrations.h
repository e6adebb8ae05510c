// SPDX-License-Identifier: Apache-2.0
// Schema versions. Version n (PRAGMA user_version) is what script n makes of version n - 1; a new trace runs
// all scripts, an old one the missing ones. Forward only, one transaction a script.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace ditscope::db {

class Connection;

inline constexpr int kApplicationId = 0x44495450;  // "DITP", in the file header

[[nodiscard]] std::span<const std::string_view> schemaScripts();
[[nodiscard]] inline int currentSchemaVersion() {
  return int(schemaScripts().size());
}

[[nodiscard]] std::span<const std::string_view> historyScripts();  // of a history of kernel times

// Brings a connection that may write up to the last script. Throws db::Error for a newer file.
void migrate(Connection& connection, std::span<const std::string_view> scripts = schemaScripts(),
             uint32_t applicationId = uint32_t(kApplicationId));

// The same for a finished trace file. Returns the version it had.
int upgradeTraceFile(const std::filesystem::path& path,
                     std::span<const std::string_view> scripts = schemaScripts());

}  // namespace ditscope::db
