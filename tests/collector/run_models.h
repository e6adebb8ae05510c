// SPDX-License-Identifier: Apache-2.0
// Small models with random weights, written as folders in diffusers' layout, and traces recorded from them.
#pragma once

#include <filesystem>

#include "collector/collect.h"

namespace ditscope::collector {

// Wan, 2 layers x 2 heads of 12; latents of 5 x 12 x 20 = 300 tokens, 60 a frame; label embeddings of 3
// classes.
void writeTinyWan(const std::filesystem::path& folder);

// DiT, 2 layers x 2 heads of 8; latents of 16 x 16 = 64 tokens; 3 classes.
void writeTinyDit(const std::filesystem::path& folder);

// Three steps in blocks of 32 to FOLDER/run.db, replaced when it is there.
CollectOptions tinyRun(const std::filesystem::path& model, const std::filesystem::path& folder);

// collect() without progress and interruption.
CollectSummary record(const CollectOptions& options);

}  // namespace ditscope::collector
