// SPDX-License-Identifier: Apache-2.0
// The `best_pattern` files of MInference: a JSON array of one object a layer, head number -> [type, v, s,
// score]; stream_llm is the A-shape. Heads that are missing take HeadPattern's default.
#pragma once

#include <filesystem>
#include <vector>

#include "collector/methods/minference_patterns.h"

namespace ditscope::collector {

using LayerPatterns = std::vector<HeadPattern>;  // [head]; empty = not known

// Throws db::Error naming the file for another number of layers, heads that the model has not, and patterns
// that are not among these.
[[nodiscard]] std::vector<LayerPatterns> readBestPatterns(const std::filesystem::path& file,
                                                          const SamplingPlan& plan);
// Layers that are not known become empty objects. Replaces the file; throws db::Error.
void writeBestPatterns(const std::filesystem::path& file, const std::vector<LayerPatterns>& layers);

}  // namespace ditscope::collector
