// SPDX-License-Identifier: Apache-2.0
// Block masses of one call as a head blob: log2 of the mass in 1/256, low and high bytes apart, compressed.
// Accuracy: 0 is exact; a mass in [2^-64, 2] keeps a relative error below 0.14 % (half a step of 2^(1/256));
// smaller ones become 2^-64, larger ones 2.
#pragma once

#include <optional>
#include <span>

#include "db/block_mask.h"
#include "db/head_blob.h"

namespace ditscope::db {

inline constexpr float kMassRelativeError = 0.0014f;

[[nodiscard]] Bytes encodeMasses(std::span<const BlockMass> masses);  // rows == 0: not recorded
[[nodiscard]] std::optional<BlockMass> decodeMass(const HeadBlobView& blob,
                                                  int32_t head);  // throws CodecError

}  // namespace ditscope::db
