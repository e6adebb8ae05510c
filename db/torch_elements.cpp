// SPDX-License-Identifier: Apache-2.0
#include "db/torch_elements.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace ditscope::db {
namespace {

// A 16-bit float: sign, exponent, significand.
struct SmallFloat {
  int significandBits;
  int smallestUnit;   // the smallest positive number is 2^smallestUnit
  uint16_t infinity;  // code
};
constexpr SmallFloat kF16{10, -24, 0x7c00};
constexpr SmallFloat kBF16{7, -133, 0x7f80};

double decode(const SmallFloat& format, uint16_t bits) {
  const int code = bits & 0x7fff;
  double size = NAN;
  if (code == format.infinity) size = INFINITY;
  if (code < format.infinity) {
    const int exponent = code >> format.significandBits;
    const int hidden = exponent > 0 ? 1 << format.significandBits : 0;
    const int significand = (code & ((1 << format.significandBits) - 1)) + hidden;
    size = std::ldexp(significand, format.smallestUnit + std::max(exponent - 1, 0));
  }
  return bits & 0x8000 ? -size : size;
}

uint16_t encode(const SmallFloat& format, double value) {
  const int sign = std::signbit(value) ? 0x8000 : 0;
  const double size = std::abs(value);
  if (std::isnan(value)) return uint16_t(sign | format.infinity | 1 << (format.significandBits - 1));
  if (std::isinf(value)) return uint16_t(sign | format.infinity);
  int exponent = 0;
  (void)std::frexp(size, &exponent);
  const int above = std::max(exponent - 1 - format.significandBits - format.smallestUnit, 0);
  if (above << format.significandBits >= format.infinity) return uint16_t(sign | format.infinity);
  // The hidden bit adds one to the exponent, and so does rounding up to the next power of two.
  const auto units = int(std::nearbyint(std::ldexp(size, -(format.smallestUnit + above))));
  return uint16_t(sign | std::min<int>((above << format.significandBits) + units, format.infinity));
}

template <class T>
void appendWhole(Bytes& storage, double value) {
  const double limit = std::min(kLargestExactInteger, std::ldexp(1.0, std::numeric_limits<T>::digits));
  if (!(value >= -limit && value < limit) || value != std::trunc(value))
    throw CodecError("a value is no whole number that its dtype can hold");
  append(storage, T(value));
}

struct Format {
  size_t bytes;
  std::string_view name;
};
constexpr std::array<Format, 7> kFormats{{{1, "BoolStorage"},
                                          {4, "IntStorage"},
                                          {8, "LongStorage"},
                                          {2, "HalfStorage"},
                                          {2, "BFloat16Storage"},
                                          {4, "FloatStorage"},
                                          {8, "DoubleStorage"}}};

}  // namespace

size_t torchElementBytes(TorchDType dtype) {
  return kFormats[size_t(dtype)].bytes;
}

std::string_view torchStorageName(TorchDType dtype) {
  return kFormats[size_t(dtype)].name;
}

double readTorchElement(ByteView storage, TorchDType dtype, int64_t index) {
  const size_t at = size_t(index) * torchElementBytes(dtype);
  switch (dtype) {
    case TorchDType::Bool:
      return readAt<uint8_t>(storage, at) != 0;
    case TorchDType::I32:
      return readAt<int32_t>(storage, at);
    case TorchDType::I64:
      return double(readAt<int64_t>(storage, at));
    case TorchDType::F16:
      return decode(kF16, readAt<uint16_t>(storage, at));
    case TorchDType::BF16:
      return decode(kBF16, readAt<uint16_t>(storage, at));
    case TorchDType::F32:
      return double(readAt<float>(storage, at));
    case TorchDType::F64:
      return readAt<double>(storage, at);
  }
  throw CodecError("unknown dtype");
}

void appendTorchElement(Bytes& storage, TorchDType dtype, double value) {
  switch (dtype) {
    case TorchDType::Bool:
      if (value != 0 && value != 1) throw CodecError("a bool is neither 0 nor 1");
      return append(storage, uint8_t(value));
    case TorchDType::I32:
      return appendWhole<int32_t>(storage, value);
    case TorchDType::I64:
      return appendWhole<int64_t>(storage, value);
    case TorchDType::F16:
      return append(storage, encode(kF16, value));
    case TorchDType::BF16:
      return append(storage, encode(kBF16, value));
    case TorchDType::F32:
      return append(storage, float(value));
    case TorchDType::F64:
      return append(storage, value);
  }
}

}  // namespace ditscope::db
