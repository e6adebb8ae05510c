// SPDX-License-Identifier: Apache-2.0
// The small value codes: 16-bit floats and log masses; and what validate() refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <stdexcept>

#include "kernels/half_types.h"
#include "kernels/log_mass.h"
#include "tests/kernels/attention_case.h"

namespace ditscope::kernels::test {
namespace {

TEST(HalfTypes, EveryCodeSurvivesARoundTrip) {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const float half = floatFromF16(uint16_t(bits));
    const float brain = floatFromBf16(uint16_t(bits));
    if (std::isnan(half)) {
      EXPECT_TRUE(std::isnan(floatFromF16(f16FromFloat(half))));
    } else {
      ASSERT_EQ(f16FromFloat(half), bits);
    }
    if (std::isnan(brain)) {
      EXPECT_TRUE(std::isnan(floatFromBf16(bf16FromFloat(brain))));
    } else {
      ASSERT_EQ(bf16FromFloat(brain), bits);
    }
  }
}

TEST(HalfTypes, RoundsToNearestEven) {
  EXPECT_EQ(floatFromF16(f16FromFloat(1.0f + 0x1p-11f)), 1.0f);
  EXPECT_EQ(floatFromF16(f16FromFloat(1.0f + 0x3p-11f)), 1.0f + 0x1p-9f);
  EXPECT_EQ(floatFromF16(f16FromFloat(0x1p-25f)), 0.0f);
  EXPECT_EQ(floatFromF16(f16FromFloat(0x1.8p-25f)), 0x1p-24f);
  EXPECT_EQ(floatFromF16(f16FromFloat(65519.0f)), 65504.0f);
  EXPECT_EQ(floatFromF16(f16FromFloat(65520.0f)), INFINITY);
  EXPECT_EQ(floatFromBf16(bf16FromFloat(1.0f + 0x1p-8f)), 1.0f);
  EXPECT_EQ(floatFromBf16(bf16FromFloat(1.0f + 0x3p-8f)), 1.0f + 0x1p-6f);
  EXPECT_EQ(floatFromBf16(bf16FromFloat(3.4e38f)), INFINITY);
}

TEST(LogMass, CodesAreHalfAStepExactAndSaturate) {
  for (float value = -127.9f; value < 127.9f; value += 0.0137f)
    ASSERT_NEAR(decodeLogMass(encodeLogMass(value)), value, 1.0 / 512);
  EXPECT_EQ(encodeLogMass(1000), INT16_MAX);
  EXPECT_EQ(decodeLogMass(encodeLogMass(-1000)), -INFINITY);
  EXPECT_EQ(decodeLogMass(encodeLogMass(-INFINITY)), -INFINITY);
  EXPECT_EQ(encodeLogMass(NAN), kNotVisited);
  EXPECT_EQ(decodeLogMass(kNotVisited), -INFINITY);
}

TEST(Validate, NamesTheFieldThatDoesNotFit) {
  AttentionCase problem({.heads = 4, .kvHeads = 2, .queries = 100, .keys = 100, .dim = 16}, 1);
  const std::vector<int32_t> rowStart = {0, 1, 2};
  const std::vector<uint32_t> good = {0, 1}, outside = {0, 2}, flagged = {0, 1u << 30};
  const std::vector<int32_t> falling = {0, 2, 1}, both = {0, 2, 2};
  const std::vector<uint32_t> twice = {1, 1}, partial = {0, 1 | kPartialEntry};
  BlockList list{.rowStart = rowStart.data(), .entry = good.data()};
  SkipRule skip{.kind = SkipRule::Kind::Blasst, .lnLambda = -1};
  AttentionArgs ok = problem.args();
  ok.list = &list;
  ok.skip = &skip;
  EXPECT_NO_THROW(validate(ok));

  const auto expectRefusal = [&](const char* field,
                                 const std::function<void(AttentionArgs&, BlockList&, SkipRule&)>& spoil) {
    AttentionArgs args = ok;
    BlockList badList = list;
    SkipRule badSkip = skip;
    args.list = &badList;
    args.skip = &badSkip;
    spoil(args, badList, badSkip);
    try {
      validate(args);
      ADD_FAILURE() << "accepted a bad " << field;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(field));
    }
  };
  expectRefusal("q", [](AttentionArgs& a, BlockList&, SkipRule&) { a.q.data = nullptr; });
  expectRefusal("o", [](AttentionArgs& a, BlockList&, SkipRule&) { a.o.size[2] = 99; });
  expectRefusal("v", [](AttentionArgs& a, BlockList&, SkipRule&) { a.v.size[3] = 8; });
  expectRefusal("k", [](AttentionArgs& a, BlockList&, SkipRule&) { a.k.size[1] = a.v.size[1] = 3; });
  expectRefusal("k", [](AttentionArgs& a, BlockList&, SkipRule&) { a.k.stride[3] = 2; });
  expectRefusal("dtype", [](AttentionArgs& a, BlockList&, SkipRule&) { a.v.dtype = DType::F16; });
  expectRefusal("validKeys", [](AttentionArgs& a, BlockList&, SkipRule&) { a.validKeys = 101; });
  expectRefusal("scale", [](AttentionArgs& a, BlockList&, SkipRule&) { a.scale = NAN; });
  expectRefusal("defaultBlock", [](AttentionArgs& a, BlockList&, SkipRule&) { a.defaultBlock = 48; });
  expectRefusal("list.qBlock", [](AttentionArgs&, BlockList& l, SkipRule&) { l.qBlock = 16; });
  expectRefusal("list.entry", [&](AttentionArgs&, BlockList& l, SkipRule&) { l.entry = outside.data(); });
  expectRefusal("list.entry", [&](AttentionArgs&, BlockList& l, SkipRule&) { l.entry = flagged.data(); });
  expectRefusal("list.entry", [&](AttentionArgs&, BlockList& l, SkipRule&) {
    l.rowStart = both.data();
    l.entry = twice.data();
  });
  expectRefusal("list.partialBits",
                [&](AttentionArgs&, BlockList& l, SkipRule&) { l.entry = partial.data(); });
  expectRefusal("list.rowStart",
                [&](AttentionArgs&, BlockList& l, SkipRule&) { l.rowStart = falling.data(); });
  expectRefusal("skip.lnLambda", [](AttentionArgs&, BlockList&, SkipRule& s) { s.lnLambda = 0.5f; });
  expectRefusal("skip.lnLambda", [](AttentionArgs&, BlockList&, SkipRule& s) { s.lnLambda = NAN; });
  expectRefusal("skip.lnLambda", [](AttentionArgs&, BlockList&, SkipRule& s) {
    s = {.kind = SkipRule::Kind::RunningMass, .lnLambda = 0.5f};
  });
  expectRefusal("skip.lseRef",
                [](AttentionArgs&, BlockList&, SkipRule& s) { s.kind = SkipRule::Kind::MassBound; });
}

}  // namespace
}  // namespace ditscope::kernels::test
