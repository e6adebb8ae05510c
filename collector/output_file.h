// SPDX-License-Identifier: Apache-2.0
// Small text files that a command writes at its end, after work that may take long.
#pragma once

#include <filesystem>
#include <string>

namespace ditscope::collector {

// Throws db::Error when the file is there and may not be replaced, or its folder is missing: before the work.
void checkOutputFile(const std::filesystem::path& file, bool overwrite);

// The whole file or nothing, with a line end. Throws db::Error.
void writeTextFile(const std::filesystem::path& file, const std::string& text);

}  // namespace ditscope::collector
