// SPDX-License-Identifier: Apache-2.0
// Reads small JSON files: those of a model folder (config.json, scheduler_config.json, the index of the
// shards), and per-head settings of sparsity methods.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

namespace ditscope::collector {

// The object in the file. Throws db::Error naming the file when it is not there or holds no JSON object.
nlohmann::json readJsonObject(const std::filesystem::path& file);
// The array in the file; likewise.
nlohmann::json readJsonArray(const std::filesystem::path& file);

}  // namespace ditscope::collector
