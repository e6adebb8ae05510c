// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <png.h>

#include <vector>

#include "collector/train/evaluation.h"
#include "db/error.h"
#include "tests/collector/temporary_folder.h"

namespace ditscope::collector::train {
namespace {

TEST(Png, HoldsThePixels) {
  const ditscope::TemporaryFolder folder;
  const Image image{2, 3, 3, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 250, 251, 252, 253, 254, 255}};
  const std::filesystem::path file = folder.path() / "a.png";
  writePng(file, image);
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  ASSERT_NE(png_image_begin_read_from_file(&png, file.c_str()), 0);
  png.format = PNG_FORMAT_RGB;
  std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(png));
  ASSERT_NE(png_image_finish_read(&png, nullptr, pixels.data(), 0, nullptr), 0);
  EXPECT_EQ(png.width, 2U);
  EXPECT_EQ(png.height, 3U);
  EXPECT_EQ(pixels, image.pixels);
}

TEST(Png, ThatCannotBeWrittenIsAnError) {
  EXPECT_THROW(writePng("/nowhere/a.png", {1, 1, 1, {0}}), db::Error);
  EXPECT_THROW(writePng("a.png", {2, 2, 1, {0}}), db::Error);
}

TEST(ContactSheet, ShowsGeneratedBesideReal) {
  const at::Tensor generated = at::full({2, 1, 3, 8, 8}, -1.0F);
  const at::Tensor real = at::zeros({2, 1, 3, 8, 8});
  const Image sheet = contactSheet(generated, real);
  EXPECT_EQ(sheet.width, 2 * (3 * 9 + 4 + 3 * 9));
  EXPECT_EQ(sheet.height, 2 * 2 * 9);
  EXPECT_EQ(sheet.pixels.front(), 0);
  EXPECT_EQ(sheet.pixels[static_cast<size_t>(2 * (3 * 9 + 4))], 128);
  EXPECT_EQ(sheet.pixels.back(), 255);
}

// Garments that a classifier can tell apart: class c is bright in its own tenth of the rows.
Garments bars() {
  Garments garments;
  garments.count = kClasses;
  for (int64_t label = 0; label < kClasses; ++label) {
    garments.labels.push_back(static_cast<uint8_t>(label));
    for (int64_t i = 0; i < 28 * 28; ++i) {
      garments.pixels.push_back(i / 28 * kClasses / 28 == label ? 255 : 60);
    }
  }
  return garments;
}

TEST(Classifier, LearnsToTellClassesAndJudgesClips) {
  GarmentSizes garments(bars());
  TrainerOptions options;
  options.averageDecay = 0.9;
  const TensorMap classifier =
      runTraining(initClassifier(1), {parsePhase("frames=1,size=32,batch=32,steps=300,rate=3e-3")},
                  classifierLoss(garments), options)
          .average;
  const Clips clips = renderClips(garments.ofSide(24), {2, 32}, 40, 5);
  const Quality right = judge(classifier, clips.pixels, clips.labels, garments);
  EXPECT_GT(right.real, 0.9);
  EXPECT_GT(right.generated, 0.9);
  const Quality wrong = judge(classifier, clips.pixels, (clips.labels + 1).remainder(kClasses), garments);
  EXPECT_LT(wrong.generated, 0.1);
}

TEST(RealClips, ComeOnePerClass) {
  GarmentSizes garments(bars());
  const at::Tensor clips = oneRealClipEach(garments, {2, 32}, 1);
  EXPECT_EQ(clips.sizes(), at::IntArrayRef({kClasses, 1, 2, 32, 32}));
}

}  // namespace
}  // namespace ditscope::collector::train
