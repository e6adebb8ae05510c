// SPDX-License-Identifier: Apache-2.0
// The file that SpargeAttn's tuner saves: a torch.save dictionary of tensors [H], named
// `<model>transformer_blocks.<layer>.<module>.<field>` with the fields is_sparse, cdfthreshd, simthreshd1,
// simthreshd2 (never used) and pvthreshd.
#pragma once

#include <filesystem>
#include <vector>

#include "collector/methods/sparge_map.h"

namespace ditscope::collector {

using SpargeHeads = std::vector<std::vector<SpargeHead>>;  // [layer][head]

// Blocks may also be named `blocks.<layer>`, as in other models. Throws db::Error naming the file and the
// numbers when it is not for a model of this many layers and heads.
[[nodiscard]] SpargeHeads readSpargeHeads(const std::filesystem::path& file, const SamplingPlan& plan);

}  // namespace ditscope::collector
