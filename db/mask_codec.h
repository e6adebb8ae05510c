// SPDX-License-Identifier: Apache-2.0
// Block masks of one call as a head blob. A head's bits are packed, xored with the same head's mask of the
// base call (the step before of the same layer and branch) and compressed; a mask equal to the base costs no
// byte of payload, one equal to an earlier head of the call only that head's number. Lossless.
#pragma once

#include <optional>
#include <span>

#include "db/block_mask.h"
#include "db/head_blob.h"

namespace ditscope::db {

// Whether masks can be stored as a difference to base: as many heads, each of the same size.
[[nodiscard]] bool canBeBase(std::span<const BlockMask> base, std::span<const BlockMask> masks);

// An empty mask is a head that was not recorded. base is empty for a keyframe, else canBeBase().
[[nodiscard]] Bytes encodeMasks(std::span<const BlockMask> masks, std::span<const BlockMask> base);

// The head under which this head's mask is stored: itself, or an earlier one with the same mask.
[[nodiscard]] int32_t maskSource(const HeadBlobView& blob, int32_t head);

// head is a maskSource; base is the same head of the base call, null for a keyframe. Throws CodecError.
[[nodiscard]] std::optional<BlockMask> decodeMask(const HeadBlobView& blob, int32_t head,
                                                  const BlockMask* base);

}  // namespace ditscope::db
