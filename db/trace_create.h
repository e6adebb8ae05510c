// SPDX-License-Identifier: Apache-2.0
// The file side of writing a trace: making it, and turning the recorded file into a single finished one.
#pragma once

#include <filesystem>
#include <string>

#include "db/model.h"
#include "db/sqlite.h"

namespace ditscope::db {

struct NewTrace {
  Connection connection;
  std::string notice;  // not empty when something is not as it should be, for example no WAL
};

// Throws db::Error when the file exists (unless overwrite) or its folder cannot be written.
[[nodiscard]] NewTrace createTrace(const std::filesystem::path& path, const Run& run, bool overwrite);

void insertRun(const Connection& connection, const Run& run);  // replaces the row there is

// Builds the indexes that would slow recording down.
void buildIndexes(const Connection& connection);

// Folds the WAL into the file. Returns a notice when a reader kept it from becoming a single file.
[[nodiscard]] std::string makeSingleFile(const Connection& connection);

}  // namespace ditscope::db
