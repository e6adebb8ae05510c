// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "collector/train/clip_renderer.h"
#include "collector/train/trainer.h"
#include "db/error.h"
#include "tests/collector/temporary_folder.h"

namespace ditscope::collector::train {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

void writeGz(const std::filesystem::path& file, const std::vector<uint8_t>& bytes) {
  const gzFile gz = gzopen(file.c_str(), "wb");
  gzwrite(gz, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(gz);
}

std::vector<uint8_t> idx(uint8_t axes, const std::vector<uint8_t>& sizes, size_t payload, uint8_t value) {
  std::vector<uint8_t> bytes{0, 0, 8, axes};
  for (const uint8_t size : sizes) bytes.insert(bytes.end(), {0, 0, 0, size});
  bytes.insert(bytes.end(), payload, value);
  return bytes;
}

class FashionFiles : public ::testing::Test {
 protected:
  void write(const std::vector<uint8_t>& images, const std::vector<uint8_t>& labels) {
    writeGz(m_folder.path() / "train-images-idx3-ubyte.gz", images);
    writeGz(m_folder.path() / "train-labels-idx1-ubyte.gz", labels);
  }
  Garments read() const { return readFashionMnist(m_folder.path(), Split::Train); }

  ditscope::TemporaryFolder m_folder;
  std::vector<uint8_t> m_images = idx(3, {2, 28, 28}, 2 * 28 * 28, 200);
  std::vector<uint8_t> m_labels = idx(1, {2}, 2, 7);
};

TEST_F(FashionFiles, AreRead) {
  write(m_images, m_labels);
  const Garments garments = read();
  EXPECT_EQ(garments.count, 2);
  EXPECT_EQ(garments.pixels.size(), 2U * 28 * 28);
  EXPECT_EQ(garments.labels, (std::vector<uint8_t>{7, 7}));
}

TEST_F(FashionFiles, ThatAreDamagedAreNamed) {
  EXPECT_THAT([&] { read(); }, ThrowsMessage<db::Error>(HasSubstr("cannot be opened")));
  write(m_images, idx(1, {2}, 2, 10));
  EXPECT_THAT([&] { read(); }, ThrowsMessage<db::Error>(HasSubstr("label above 9")));
  write(m_images, idx(1, {3}, 3, 1));
  EXPECT_THAT([&] { read(); }, ThrowsMessage<db::Error>(HasSubstr("another number of items")));
  write(m_labels, m_labels);
  EXPECT_THAT([&] { read(); }, ThrowsMessage<db::Error>(HasSubstr("is not the IDX file")));
  write(idx(3, {2, 28, 28}, 28 * 28, 200), m_labels);
  EXPECT_THAT([&] { read(); }, ThrowsMessage<db::Error>(HasSubstr("ends too early")));
  write(idx(3, {0, 28, 28}, 0, 0), m_labels);
  EXPECT_THAT([&] { read(); }, ThrowsMessage<db::Error>(HasSubstr("impossible number")));
}

TEST(FashionMnist, AsInstalledHasTenThousandUnseenGarments) {
  const Garments garments = readFashionMnist(kFashionMnistFolder, Split::Test);
  EXPECT_EQ(garments.count, 10'000);
}

Garments gradients(int64_t count, int64_t side) {  // each pixel its own value, no zeros
  Garments garments;
  garments.count = count;
  garments.side = side;
  for (int64_t i = 0; i < count * side * side; ++i) {
    garments.pixels.push_back(static_cast<uint8_t>(1 + i * 7 % 255));
  }
  for (int64_t i = 0; i < count; ++i) garments.labels.push_back(static_cast<uint8_t>(i % kClasses));
  return garments;
}

TEST(Shrink, AveragesAreas) {
  const Garments large = gradients(3, 28);
  const Garments half = shrink(large, 14);
  ASSERT_EQ(half.pixels.size(), 3U * 14 * 14);
  const auto at = [&](int64_t n, int64_t y, int64_t x) { return large.pixels[(n * 28 + y) * 28 + x]; };
  const double mean = (at(2, 6, 8) + at(2, 6, 9) + at(2, 7, 8) + at(2, 7, 9)) / 4.0;
  EXPECT_NEAR(half.pixels[(2 * 14 + 3) * 14 + 4], mean, 0.5);
  Garments flat = large;
  std::ranges::fill(flat.pixels, uint8_t{90});
  EXPECT_THAT(shrink(flat, 12).pixels, ::testing::Each(90));
}

TEST(Clips, AreTheSameForASeed) {
  const Garments garments = gradients(5, 12);
  const Clips first = renderClips(garments, {4, 16}, 6, 3);
  EXPECT_TRUE(at::equal(first.pixels, renderClips(garments, {4, 16}, 6, 3).pixels));
  EXPECT_FALSE(at::equal(first.pixels, renderClips(garments, {4, 16}, 6, 4).pixels));
  EXPECT_EQ(first.pixels.sizes(), at::IntArrayRef({6, 1, 4, 16, 16}));
}

TEST(Clips, MoveOneWholeGarmentInsideTheFrame) {
  const Garments garments = gradients(1, 24);
  const Clips clips = renderClips(garments, {8, 32}, 20, 1);
  const at::Tensor covered = clips.pixels.gt(-1);
  EXPECT_TRUE(covered.sum({-1, -2}).eq(24 * 24).all().item<bool>());
  EXPECT_EQ(clips.pixels.max().item<float>(), 1.0F);
  // The corner moves by at most the fastest speed, rounded, and does move.
  const at::Tensor top = covered.any(-1).to(at::kInt).argmax(-1);
  const at::Tensor left = covered.any(-2).to(at::kInt).argmax(-1);
  for (const at::Tensor& corner : {top, left}) {
    const at::Tensor moved = corner.diff(1, -1).abs();
    EXPECT_LE(moved.max().item<int64_t>(), 3);
    EXPECT_GT(moved.sum().item<int64_t>(), 20);
  }
}

TEST(Labels, AreDroppedInOneOfTen) {
  at::Generator random = at::detail::createCPUGenerator(1);
  const at::Tensor dropped = dropLabels(at::full({10'000}, 3, at::kLong), random);
  EXPECT_NEAR(dropped.eq(kNoLabel).to(at::kFloat).mean().item<double>(), 0.1, 0.01);
  EXPECT_TRUE(dropped.eq(kNoLabel).logical_or(dropped.eq(3)).all().item<bool>());
}

TEST(Phases, AreParsed) {
  const Phase phase = parsePhase("frames=8,keep=3,size=32,batch=4,minutes=1.5,rate=1e-3,shift=3");
  EXPECT_EQ(phase.shape.frames, 8);
  EXPECT_EQ(phase.kept(), 3);
  EXPECT_EQ(phase.minutes, 1.5);
  EXPECT_EQ(phase.rateEnd, 1e-3);
  EXPECT_EQ(phase.shift, 3);
}

TEST(Phases, ThatMakeNoSenseAreRefused) {
  for (const char* text : {"", "frames=8", "steps=1,size=31", "steps=x", "steps=-1", "steps=1,colour=2",
                           "steps=1,frames=2,keep=3", "steps=nan", "steps", "steps=1e9"}) {
    EXPECT_THROW(parsePhase(text), db::Error) << text;
  }
}

}  // namespace
}  // namespace ditscope::collector::train
