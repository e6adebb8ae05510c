// SPDX-License-Identifier: Apache-2.0
#include "collector/train/evaluation.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "collector/pipeline_folder.h"
#include "collector/sampling_run.h"
#include "collector/train/fused_attention.h"
#include "db/error.h"

namespace ditscope::collector::train {
namespace {

constexpr int64_t kRealFrames = 2000;
constexpr int64_t kGap = 4;     // pixels, before scaling
constexpr int64_t kScale = 2;   // of the contact sheet
constexpr float kPaper = 1.0F;  // between pictures

at::Tensor bordered(const at::Tensor& clip) {  // [1, T, S, S] -> [S + 1, T * (S + 1)]
  return at::constant_pad_nd(clip.squeeze(0), {0, 1, 0, 1}, kPaper).transpose(0, 1).flatten(1);
}

}  // namespace

at::Tensor generateClips(const EvaluationOptions& options, const at::Tensor& labels) {
  const PipelineFolder folder = readPipelineFolder(options.model);
  if (!folder.scheduler) {
    throw db::Error(db::Error::Kind::BadInput, options.model.string(), "has no scheduler folder",
                    "give a folder that ditscope-train-demo wrote");
  }
  const std::unique_ptr<Denoiser> denoiser = loadDenoiser(options.model);
  const SamplerConfig sampler = readSamplerConfig(*folder.scheduler);
  const auto [frames, rows, cols] = folder.latentSize;
  FusedAttention attention;
  const RunClock clock;
  std::vector<at::Tensor> clips;
  for (int64_t i = 0; i < labels.size(0); ++i) {
    SamplingRequest request;
    const uint64_t seed = options.seed * 1'000'003 + static_cast<uint64_t>(i);
    request.label = labels[i].item<int64_t>();
    request.guidance = options.guidance > 0 ? options.guidance : folder.guidance;
    if (denoiser->shape().classConditional) {
      request.noise = seededNoise({1, folder.channels, rows, cols}, seed);
    } else {
      request.noise = seededNoise({1, folder.channels, frames, rows, cols}, seed);
      request.text = folder.labelEmbeds.narrow(0, request.label, 1);
      request.uncondText = folder.labelEmbeds.narrow(0, kNoLabel, 1);
    }
    const at::Tensor made =
        sample(*denoiser, *makeSampler(sampler, options.steps), attention, request, clock);
    clips.push_back(made.view({1, 1, -1, rows, cols}));
  }
  return at::cat(clips);
}

Quality judge(const TensorMap& classifier, const at::Tensor& clips, const at::Tensor& labels,
              GarmentSizes& unseen) {
  const ClipShape shape{1, clips.size(-1)};
  const Clips real = renderClips(unseen.ofSide(shape.garmentSide()), shape, kRealFrames, 1);
  Quality quality;
  quality.real = recognised(classifier, real.pixels, real.labels).mean().item<double>();
  const at::Tensor hits = recognised(classifier, clips, labels);
  quality.generated = hits.mean().item<double>();
  for (int64_t label = 0; label < kClasses; ++label) {
    const at::Tensor rows = labels.eq(label).nonzero().flatten();
    if (rows.numel() > 0) {
      quality.byClass[static_cast<size_t>(label)] = hits.index_select(0, rows).mean().item<double>();
    }
  }
  return quality;
}

Image contactSheet(const at::Tensor& generated, const at::Tensor& real) {
  std::vector<at::Tensor> rows;
  for (int64_t row = 0; row < generated.size(0); ++row) {
    const at::Tensor left = at::constant_pad_nd(bordered(generated[row]), {0, kGap}, kPaper);
    rows.push_back(at::cat({left, bordered(real[row])}, 1));
  }
  const at::Tensor gray = ((at::cat(rows) + 1) * 127.5).clamp(0, 255).round().to(at::kByte);
  const at::Tensor large = gray.repeat_interleave(kScale, 0).repeat_interleave(kScale, 1).contiguous();
  const uint8_t* pixels = large.data_ptr<uint8_t>();
  return {large.size(1), large.size(0), 1, std::vector<uint8_t>(pixels, pixels + large.numel())};
}

at::Tensor oneRealClipEach(GarmentSizes& garments, const ClipShape& shape, uint64_t seed) {
  constexpr int64_t kDrawn = 500;
  const Clips clips = renderClips(garments.ofSide(shape.garmentSide()), shape, kDrawn, seed);
  std::vector<at::Tensor> first;
  for (int64_t label = 0; label < kClasses; ++label) {
    first.push_back(clips.pixels[clips.labels.eq(label).nonzero()[0].item<int64_t>()]);
  }
  return at::stack(first);
}

}  // namespace ditscope::collector::train
