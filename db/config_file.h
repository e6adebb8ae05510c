// SPDX-License-Identifier: Apache-2.0
// The file of a sparsity configuration: JSON that docs/config.schema.json describes. What is read is checked
// against that schema and in itself (indices inside the model); unknown keys are refused unless they begin
// with x- at the top or in a choice, where they are kept. All functions throw db::Error, one line that names
// the file and the JSON path of what is wrong.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "db/config.h"

namespace ditscope::db {

[[nodiscard]] SparsityConfig readConfig(const std::filesystem::path& path);
// `name` stands in errors for the file.
[[nodiscard]] SparsityConfig parseConfig(std::string_view text, const std::string& name);

// Equal configurations give equal bytes, and reading them back gives the configuration again. One line an
// override. Refuses what readConfig would refuse.
[[nodiscard]] std::string configText(const SparsityConfig& config, const std::string& name = "configuration");
void writeConfig(const std::filesystem::path& path, const SparsityConfig& config);  // whole or not at all

}  // namespace ditscope::db
