// SPDX-License-Identifier: Apache-2.0
// Recall curves of one call as a head blob, two rows (by row, by head) of kCurvePoints a head: 16-bit
// fractions, stored as differences between neighbours. Accuracy 0.5 / 65,534; NaN is exact.
#pragma once

#include <optional>
#include <span>

#include "db/head_blob.h"
#include "db/model.h"

namespace ditscope::db {

[[nodiscard]] Bytes encodeCurves(std::span<const RecallCurve> curves);  // both parts empty: not recorded
[[nodiscard]] std::optional<RecallCurve> decodeCurve(const HeadBlobView& blob, int32_t head);

}  // namespace ditscope::db
