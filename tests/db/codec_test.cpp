// SPDX-License-Identifier: Apache-2.0
// Bytes, container, and the codecs that lose a stated little.
#include <gtest/gtest.h>

#include <cmath>

#include "db/curve_codec.h"
#include "db/head_blob.h"
#include "db/lse_codec.h"
#include "db/mass_codec.h"
#include "tests/db/random_records.h"

namespace ditscope::db {
namespace {

using tests::Random;
constexpr float kInf = std::numeric_limits<float>::infinity();

TEST(CodecBytes, CrcIsTheUsualOne) {
  const std::string text = "123456789";
  EXPECT_EQ(crc32(std::as_bytes(std::span(text))), 0xCBF43926u);
  EXPECT_EQ(crc32({}), 0u);
}

TEST(CodecBytes, FramesOfAnotherSizeAreRefused) {
  const Bytes raw(1000, std::byte{7});
  const Bytes frame = compress(raw);
  Bytes back(1000);
  decompress(frame, back);
  EXPECT_EQ(back, raw);
  Bytes small(999);
  EXPECT_THROW(decompress(frame, small), CodecError);
  EXPECT_THROW(decompress(ByteView(frame).first(frame.size() - 1), back), CodecError);
  EXPECT_THROW(decompress({}, back), CodecError);
}

TEST(HeadBlob, GivesBackItsSegments) {
  HeadBlobBuilder builder;
  builder.add(5, Bytes(3, std::byte{1}));
  builder.add(kAbsent, {});
  builder.add(6, Bytes(2, std::byte{2}));
  const Bytes bytes = builder.finish({7, 9});
  const HeadBlobView blob(bytes);
  EXPECT_EQ(blob.heads(), 3);
  EXPECT_EQ(blob.shape(), (BlobShape{7, 9}));
  EXPECT_EQ(blob.encoding(2), 6u);
  EXPECT_EQ(blob.segment(1).size(), 0u);
  EXPECT_EQ(blob.segment(2)[0], std::byte{2});
}

TEST(HeadBlob, EveryCutAndLieIsFound) {
  HeadBlobBuilder builder;
  builder.add(1, Bytes(5, std::byte{1}));
  const Bytes bytes = builder.finish({2, 2});
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(HeadBlobView(ByteView(bytes).first(size)), CodecError) << size;
  }
  for (const size_t field : {0u, 4u, 8u, 12u, 20u}) {  // format, heads, rows, cols, size of the segment
    Bytes lie = bytes;
    lie[field + 3] = std::byte{0xff};
    EXPECT_THROW(HeadBlobView{lie}, CodecError) << field;
  }
}

TEST(MassCodec, KeepsItsStatedAccuracyOverTheWholeRange) {
  BlockMass mass{1, 0, {0.0f, 1.0f, 2.0f}};
  for (float log2 = -64; log2 <= 1; log2 += 0.0371f) mass.mass.push_back(std::exp2(log2));
  mass.cols = int32_t(mass.mass.size());
  const Bytes bytes = encodeMasses({&mass, 1});
  const BlockMass back = decodeMass(HeadBlobView(bytes), 0).value();
  ASSERT_EQ(back.cols, mass.cols);
  EXPECT_EQ(back.mass[0], 0);
  EXPECT_EQ(back.mass[1], 1);
  for (size_t i = 1; i < mass.mass.size(); ++i) {
    EXPECT_NEAR(back.mass[i] / mass.mass[i], 1, kMassRelativeError) << mass.mass[i];
  }
}

TEST(MassCodec, ValuesBeyondTheRangeAreClamped) {
  const BlockMass mass{1, 5, {1e-30f, 7, kInf, -1, std::nanf("")}};
  const Bytes bytes = encodeMasses({&mass, 1});
  EXPECT_EQ(decodeMass(HeadBlobView(bytes), 0)->mass, (std::vector<float>{std::exp2(-64.0f), 2, 2, 0, 0}));
}

TEST(LseCodec, KeepsItsStatedAccuracy) {
  Random random(5);
  for (int round = 0; round < 100; ++round) {
    std::vector<float> lse = tests::randomLse(random, tests::pick(random, 1, 500));
    lse.push_back(kInf);
    lse.push_back(std::nanf(""));
    const Bytes bytes = encodeLse({&lse, 1});
    const std::vector<float> back = decodeLse(HeadBlobView(bytes), 0).value();
    ASSERT_EQ(back.size(), lse.size());
    for (size_t i = 0; i < lse.size(); ++i) {
      if (std::isfinite(lse[i])) {
        ASSERT_NEAR(back[i], lse[i], 30 / 131'000.0 + 1e-6) << i;
      } else {
        ASSERT_TRUE(back[i] == lse[i] || (std::isnan(back[i]) && std::isnan(lse[i]))) << i;
      }
    }
  }
}

TEST(LseCodec, ExtremesSurvive) {
  constexpr float kMax = std::numeric_limits<float>::max();
  const std::vector<std::vector<float>> heads{{-kMax, kMax}, {3, 3}, {-kInf, -kInf}};
  const Bytes bytes = encodeLse(heads);
  const HeadBlobView blob(bytes);
  EXPECT_EQ(decodeLse(blob, 0)->front(), -kMax);
  EXPECT_NEAR(decodeLse(blob, 0)->back() / kMax, 1, 1e-6);
  EXPECT_EQ(*decodeLse(blob, 1), heads[1]);
  EXPECT_EQ(*decodeLse(blob, 2), heads[2]);
}

TEST(CurveCodec, KeepsItsStatedAccuracy) {
  RecallCurve curve;
  for (int i = 0; i < kCurvePoints; ++i) {
    curve.byRow.push_back(float(curveDensity(i)));
    curve.byHead.push_back(i == 5 ? kNotMeasured : 1 - float(curveDensity(i)));  // falling: differences wrap
  }
  const std::vector<RecallCurve> curves{RecallCurve(), curve};
  const Bytes bytes = encodeCurves(curves);
  EXPECT_FALSE(decodeCurve(HeadBlobView(bytes), 0).has_value());
  const RecallCurve back = decodeCurve(HeadBlobView(bytes), 1).value();
  ASSERT_EQ(back.byHead.size(), size_t(kCurvePoints));
  for (size_t i = 0; i < size_t(kCurvePoints); ++i) {
    EXPECT_NEAR(back.byRow[i], curve.byRow[i], 0.51 / 65'534);
    if (i != 5) {
      EXPECT_NEAR(back.byHead[i], curve.byHead[i], 0.51 / 65'534);
    }
  }
  EXPECT_TRUE(std::isnan(back.byHead[5]));
}

TEST(LossyCodecs, UnknownEncodingsAreRefused) {
  HeadBlobBuilder builder;
  builder.add(99, {});
  const Bytes bytes = builder.finish({1, 1});
  const HeadBlobView blob(bytes);
  EXPECT_THROW((void)decodeMass(blob, 0), CodecError);
  EXPECT_THROW((void)decodeLse(blob, 0), CodecError);
  EXPECT_THROW((void)decodeCurve(blob, 0), CodecError);
}

}  // namespace
}  // namespace ditscope::db
