// SPDX-License-Identifier: Apache-2.0
#include "db/curve_codec.h"

#include <algorithm>
#include <cmath>

namespace ditscope::db {
namespace {

constexpr uint32_t kDifferencePlanes = 1;
constexpr float kOne = 65534;
constexpr uint16_t kCurveNan = 65535;
constexpr BlobShape kShape{2, kCurvePoints};

uint16_t curveCode(float recall) {
  return std::isnan(recall) ? kCurveNan : uint16_t(std::round(std::clamp(recall, 0.0f, 1.0f) * kOne));
}

float recallOf(uint16_t code) {
  return code == kCurveNan ? kNotMeasured : float(code) / kOne;
}

}  // namespace

Bytes encodeCurves(std::span<const RecallCurve> curves) {
  HeadBlobBuilder builder;
  for (const RecallCurve& curve : curves) {
    if (curve.byRow.empty()) {
      builder.add(kAbsent, {});
      continue;
    }
    std::vector<uint16_t> codes;
    for (const std::vector<float>* part : {&curve.byRow, &curve.byHead}) {
      uint16_t before = 0;
      for (const float recall : *part) {
        const uint16_t code = curveCode(recall);
        codes.push_back(uint16_t(code - before));  // wraps, and unwraps when added up again
        before = code;
      }
    }
    builder.add(kDifferencePlanes, compressPlanes(codes));
  }
  return builder.finish(kShape);
}

std::optional<RecallCurve> decodeCurve(const HeadBlobView& blob, int32_t head) {
  if (blob.encoding(head) == kAbsent) return std::nullopt;
  if (blob.encoding(head) != kDifferencePlanes || blob.shape() != kShape) {
    throw CodecError("the encoding of recall curves is unknown");
  }
  const std::vector<uint16_t> codes = decompressPlanes(blob.segment(head), kShape.cells());
  RecallCurve curve;
  for (size_t i = 0, sum = 0; i < codes.size(); ++i) {
    if (i % kCurvePoints == 0) sum = 0;
    sum += codes[i];
    (i < kCurvePoints ? curve.byRow : curve.byHead).push_back(recallOf(uint16_t(sum)));
  }
  return curve;
}

}  // namespace ditscope::db
