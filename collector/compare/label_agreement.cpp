// SPDX-License-Identifier: Apache-2.0
#include "collector/compare/label_agreement.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "collector/compare/sample_metrics.h"
#include "collector/train/classifier.h"
#include "collector/train/train_state.h"
#include "db/error.h"

namespace ditscope::collector::compare {
namespace {

at::Tensor namedClasses(const TensorMap& classifier, const at::Tensor& latents) {  // [frames]
  const at::Tensor frames = judgedFrames(latents).values.to(at::kFloat);
  if (frames.size(1) != 1 || frames.size(2) != 32 || frames.size(3) != 32) {
    throw db::Error(db::Error::Kind::BadInput, "--classifier", "it knows only gray frames of 32 x 32",
                    "leave it out for this model");
  }
  return train::classLogits(classifier, frames).argmax(-1);
}

}  // namespace

TensorMap readClassifier(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) {
    throw db::Error(db::Error::Kind::BadInput, file.string(), "there is no such classifier",
                    "make it with ditscope-train-demo evaluate --classifier FILE");
  }
  return train::readTrainState(file).average;
}

LabelAgreement labelAgreement(const TensorMap& classifier, const at::Tensor& latents,
                              const at::Tensor& denseLatents, int64_t asked) {
  const c10::NoGradGuard noGrad;
  const at::Tensor named = namedClasses(classifier, latents);
  const auto share = [](const at::Tensor& hits) { return hits.to(at::kDouble).mean().item<double>(); };
  return {share(named.eq(namedClasses(classifier, denseLatents))), share(named.eq(asked))};
}

}  // namespace ditscope::collector::compare
