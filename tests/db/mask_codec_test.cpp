// SPDX-License-Identifier: Apache-2.0
#include "db/mask_codec.h"

#include <gtest/gtest.h>

#include "tests/db/random_records.h"

namespace ditscope::db {
namespace {

using tests::Random;

std::vector<BlockMask> decodeAll(const Bytes& bytes, const std::vector<BlockMask>& base) {
  const HeadBlobView blob(bytes);
  std::vector<BlockMask> masks;
  for (int32_t head = 0; head < blob.heads(); ++head) {
    const int32_t source = maskSource(blob, head);
    masks.push_back(
        decodeMask(blob, source, base.empty() ? nullptr : &base[size_t(source)]).value_or(BlockMask()));
  }
  return masks;
}

TEST(MaskCodec, RoundTripOfRandomShapesWithAndWithoutBase) {
  Random random(7);
  for (int round = 0; round < 300; ++round) {
    const int32_t rows = tests::pick(random, 1, 70);
    const int32_t cols = tests::pick(random, 1, 70);
    std::vector<BlockMask> base;
    std::vector<BlockMask> masks;
    for (int32_t head = tests::pick(random, 1, 6); head > 0; --head) {
      const double density = tests::fraction(random);
      base.push_back(tests::randomMask(random, rows, cols, density));
      masks.push_back(tests::fraction(random) < 0.3f ? base.front()
                                                     : tests::randomMask(random, rows, cols, density));
    }
    ASSERT_EQ(decodeAll(encodeMasks(masks, {}), {}), masks) << round;
    ASSERT_TRUE(canBeBase(base, masks));
    ASSERT_EQ(decodeAll(encodeMasks(masks, base), base), masks) << round;
  }
}

TEST(MaskCodec, AbsentHeadsStayAbsent) {
  const std::vector<BlockMask> masks{BlockMask(), BlockMask(3, 3, BlockState::Full), BlockMask()};
  const Bytes bytes = encodeMasks(masks, {});
  EXPECT_EQ(decodeAll(bytes, {}), masks);
  EXPECT_FALSE(decodeMask(HeadBlobView(bytes), 0, nullptr).has_value());
  EXPECT_EQ(decodeAll(encodeMasks(masks, masks), masks), masks);
}

TEST(MaskCodec, RepeatedMasksCostTwelveBytesAHead) {
  Random random(3);
  const std::vector<BlockMask> masks(24, tests::randomMask(random, 256, 256, 0.5));
  const size_t once = encodeMasks({masks.data(), 1}, {}).size();
  EXPECT_EQ(encodeMasks(masks, {}).size(), once + 23 * 12);   // kind, size, number of the first head
  EXPECT_EQ(encodeMasks(masks, masks).size(), 16u + 24 * 8);  // unchanged since the base: kind and size
}

TEST(MaskCodec, OtherSizesCannotBeABase) {
  const std::vector<BlockMask> masks{BlockMask(4, 4)};
  EXPECT_FALSE(canBeBase({}, masks));
  EXPECT_FALSE(canBeBase(std::vector{BlockMask(2, 8)}, masks));
  const Bytes bytes = encodeMasks(masks, {});
  const BlockMask other(2, 8);
  EXPECT_THROW((void)decodeMask(HeadBlobView(bytes), 0, &other), CodecError);
}

TEST(MaskCodec, BrokenReferencesAreFound) {
  Bytes self;
  append(self, uint32_t{1});
  HeadBlobBuilder builder;
  builder.add(2, {});
  builder.add(1, self);  // head 1 refers to itself
  const Bytes bytes = builder.finish({2, 2});
  EXPECT_THROW((void)maskSource(HeadBlobView(bytes), 1), CodecError);
}

TEST(MaskCodec, BitsOutsideTheMaskAreFound) {
  const std::vector<uint64_t> words{~uint64_t{0}};
  HeadBlobBuilder builder;
  builder.add(2, compress(std::as_bytes(std::span(words))));
  const Bytes bytes = builder.finish({3, 3});
  EXPECT_THROW((void)decodeMask(HeadBlobView(bytes), 0, nullptr), CodecError);
}

}  // namespace
}  // namespace ditscope::db
