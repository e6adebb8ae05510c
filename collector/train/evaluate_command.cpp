// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "collector/memory.h"
#include "collector/train/evaluation.h"
#include "collector/train/progress_report.h"
#include "collector/train/train_command.h"
#include "db/error.h"

namespace ditscope::collector::train {
namespace {

struct EvaluateCommand {
  EvaluationOptions evaluation;
  std::string data = kFashionMnistFolder;
  std::filesystem::path classifier, sheet;

  void run() const {
    keepFreedMemory();
    GarmentSizes unseen(readFashionMnist(data, Split::Test));
    const TensorMap judgeWeights = classifierWeights();
    const at::Tensor labels = at::arange(int64_t{kClasses}).repeat({evaluation.clipsPerClass});
    const at::Tensor clips = generateClips(evaluation, labels);
    if (!sheet.empty()) {
      const at::Tensor real = oneRealClipEach(unseen, {clips.size(2), clips.size(3)}, evaluation.seed);
      writePng(sheet, contactSheet(clips.narrow(0, 0, kClasses), real));
    }
    const Quality quality = judge(judgeWeights, clips, labels, unseen);
    fmt::print("accuracy on real frames {:.3f}, on generated frames {:.3f} ({} clips, {} steps)\n",
               quality.real, quality.generated, clips.size(0), evaluation.steps);
    for (size_t label = 0; label < kClasses; ++label) {
      fmt::print("  {:10} {:.2f}\n", kClassNames[label], quality.byClass[label]);
    }
  }

  // Trained once, and kept when a file is named.
  [[nodiscard]] TensorMap classifierWeights() const {
    GarmentSizes garments(readFashionMnist(data, Split::Train));
    TrainerOptions options;
    options.checkpoint = classifier;
    options.resume = std::filesystem::exists(classifier);
    options.stepDone = ProgressReport();
    const Phase phase = parsePhase("frames=1,size=32,batch=64,steps=6000,rate=2e-3,end=1e-5");
    const TrainResult result = runTraining(initClassifier(1), {phase}, classifierLoss(garments), options);
    if (result.interrupted) {
      throw db::Error(db::Error::Kind::Failure, "classifier", "its training was stopped",
                      "start again; with --classifier FILE it goes on");
    }
    return result.average;
  }
};

}  // namespace

void addEvaluateCommand(CLI::App& program, std::function<void()>& command) {
  CLI::App* app = program.add_subcommand(
      "evaluate",
      "Sample a model, name the frames with a classifier of real ones, draw a contact sheet.\n"
      "Example: ditscope-train-demo evaluate --model models/demo-video --sheet docs/demo_video.png");
  const auto options = std::make_shared<EvaluateCommand>();
  app->add_option("--model", options->evaluation.model, "Folder that video or image wrote")->required();
  app->add_option("--clips", options->evaluation.clipsPerClass, "Generated for each class")
      ->check(CLI::Range(1, 1000));
  app->add_option("--steps", options->evaluation.steps, "Of the sampler")->check(CLI::Range(1, 1000));
  app->add_option("--guidance", options->evaluation.guidance, "Instead of the model's own")
      ->check(CLI::Range(1.0, 100.0));
  app->add_option("--seed", options->evaluation.seed, "Of the noise");
  app->add_option("--sheet", options->sheet, "PNG: a generated and a real clip of each class");
  app->add_option("--classifier", options->classifier, "Keep the classifier in this file, and use it again");
  app->add_option("--data", options->data, "Folder of the Fashion-MNIST files");
  app->callback([&command, options] { command = [options] { options->run(); }; });
}

}  // namespace ditscope::collector::train
