// SPDX-License-Identifier: Apache-2.0
// One element of a tensor as bytes, little endian, and as a double.
#pragma once

#include <cstddef>
#include <string_view>

#include "db/codec_bytes.h"
#include "db/torch_value.h"

namespace ditscope::db {

[[nodiscard]] size_t torchElementBytes(TorchDType dtype);
[[nodiscard]] std::string_view torchStorageName(TorchDType dtype);  // FloatStorage, ...

// Element `index` of a storage that holds it.
[[nodiscard]] double readTorchElement(ByteView storage, TorchDType dtype, int64_t index);

// Rounds to nearest even in F16, BF16 and F32. Throws CodecError for a value that a whole-number dtype lacks.
void appendTorchElement(Bytes& storage, TorchDType dtype, double value);

// Whole numbers beyond it have no double of their own.
inline constexpr double kLargestExactInteger = 0x1p53;

}  // namespace ditscope::db
