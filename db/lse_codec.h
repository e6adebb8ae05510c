// SPDX-License-Identifier: Apache-2.0
// LSE values of one call as a head blob, one row a head: 16-bit steps between the head's lowest and highest
// finite value, low and high bytes apart, compressed. Accuracy: (highest - lowest) / 131,000, so 0.0002 nats
// where a head spans 20 nats (f16 would have 0.008 there); -inf, +inf and NaN are exact.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "db/head_blob.h"

namespace ditscope::db {

[[nodiscard]] Bytes encodeLse(std::span<const std::vector<float>> lse);  // empty: not recorded
[[nodiscard]] std::optional<std::vector<float>> decodeLse(const HeadBlobView& blob, int32_t head);

}  // namespace ditscope::db
