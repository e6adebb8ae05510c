// SPDX-License-Identifier: Apache-2.0
#include "db/lse_codec.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ditscope::db {
namespace {

constexpr uint32_t kScaledPlanes = 1;
constexpr uint16_t kLargestLseCode = 65532;
constexpr uint16_t kLseNan = 65533;
constexpr uint16_t kPlusInf = 65534;
constexpr uint16_t kMinusInf = 65535;

// value = lowest + step * code, in double so that the largest f32 range does not overflow.
struct Scale {
  float lowest = 0;
  double step = 0;

  [[nodiscard]] uint16_t codeOf(float value) const {
    if (std::isnan(value)) return kLseNan;
    if (std::isinf(value)) return value > 0 ? kPlusInf : kMinusInf;
    return step > 0 ? uint16_t(std::min<double>(std::round((double{value} - lowest) / step), kLargestLseCode))
                    : 0;
  }
  [[nodiscard]] float valueOf(uint16_t code) const {
    constexpr float kInf = std::numeric_limits<float>::infinity();
    if (code == kLseNan) return std::numeric_limits<float>::quiet_NaN();
    if (code > kLseNan) return code == kPlusInf ? kInf : -kInf;
    return float(lowest + step * code);
  }
};

Scale scaleFor(const std::vector<float>& values) {
  float lowest = std::numeric_limits<float>::max();
  float highest = std::numeric_limits<float>::lowest();
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
  }
  if (lowest > highest) return {};
  return {lowest, (double{highest} - lowest) / kLargestLseCode};
}

}  // namespace

Bytes encodeLse(std::span<const std::vector<float>> lse) {
  HeadBlobBuilder builder;
  BlobShape shape;
  std::vector<uint16_t> codes;
  for (const std::vector<float>& values : lse) {
    if (values.empty()) {
      builder.add(kAbsent, {});
      continue;
    }
    shape = {1, int32_t(values.size())};
    const Scale scale = scaleFor(values);
    codes.resize(values.size());
    std::ranges::transform(values, codes.begin(), [&](float value) { return scale.codeOf(value); });
    Bytes segment;
    append(segment, scale.lowest);
    append(segment, scale.step);
    const Bytes frame = compressPlanes(codes);
    segment.insert(segment.end(), frame.begin(), frame.end());
    builder.add(kScaledPlanes, std::move(segment));
  }
  return builder.finish(shape);
}

std::optional<std::vector<float>> decodeLse(const HeadBlobView& blob, int32_t head) {
  if (blob.encoding(head) == kAbsent) return std::nullopt;
  if (blob.encoding(head) != kScaledPlanes) throw CodecError("the encoding of LSE values is unknown");
  const ByteView segment = blob.segment(head);
  const Scale scale{readAt<float>(segment, 0), readAt<double>(segment, sizeof(float))};
  if (!std::isfinite(scale.lowest) || !(scale.step >= 0) ||
      scale.lowest + scale.step * kLargestLseCode > std::numeric_limits<float>::max() * 1.001) {
    throw CodecError("the scale of LSE values is out of range");
  }
  const auto codes = decompressPlanes(segment.subspan(sizeof(float) + sizeof(double)), blob.shape().cells());
  std::vector<float> values(codes.size());
  std::ranges::transform(codes, values.begin(), [&](uint16_t code) { return scale.valueOf(code); });
  return values;
}

}  // namespace ditscope::db
