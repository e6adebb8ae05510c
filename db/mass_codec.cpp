// SPDX-License-Identifier: Apache-2.0
#include "db/mass_codec.h"

#include <algorithm>
#include <cmath>

namespace ditscope::db {
namespace {

constexpr uint32_t kLog2Planes = 1;
constexpr float kStepsPerOctave = 256;
constexpr float kLowestLog2 = -64;
constexpr uint16_t kLargestMassCode = 1 + uint16_t(65 * kStepsPerOctave);  // mass 2; code 0 is mass 0

uint16_t massCode(float mass) {
  if (!(mass > 0)) return 0;
  const float code = 1 + std::round((std::log2(mass) - kLowestLog2) * kStepsPerOctave);
  return uint16_t(std::clamp(code, 1.0f, float(kLargestMassCode)));
}

float massOf(uint16_t code) {
  return code == 0 ? 0.0f : std::exp2(kLowestLog2 + float(code - 1) / kStepsPerOctave);
}

}  // namespace

Bytes encodeMasses(std::span<const BlockMass> masses) {
  HeadBlobBuilder builder;
  BlobShape shape;
  std::vector<uint16_t> codes;
  for (const BlockMass& mass : masses) {
    if (mass.mass.empty()) {
      builder.add(kAbsent, {});
      continue;
    }
    shape = {mass.rows, mass.cols};
    codes.resize(mass.mass.size());
    std::ranges::transform(mass.mass, codes.begin(), massCode);
    builder.add(kLog2Planes, compressPlanes(codes));
  }
  return builder.finish(shape);
}

std::optional<BlockMass> decodeMass(const HeadBlobView& blob, int32_t head) {
  if (blob.encoding(head) == kAbsent) return std::nullopt;
  if (blob.encoding(head) != kLog2Planes) throw CodecError("the encoding of block masses is unknown");
  const std::vector<uint16_t> codes = decompressPlanes(blob.segment(head), blob.shape().cells());
  if (std::ranges::any_of(codes, [](uint16_t code) { return code > kLargestMassCode; })) {
    throw CodecError("a block mass is out of range");
  }
  BlockMass mass{blob.shape().rows, blob.shape().cols, std::vector<float>(codes.size())};
  std::ranges::transform(codes, mass.mass.begin(), massOf);
  return mass;
}

}  // namespace ditscope::db
