// SPDX-License-Identifier: Apache-2.0
#include "collector/train/train_command.h"
#include "collector/memory.h"

#include <ATen/Parallel.h>
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <thread>

#include "collector/train/image_model.h"
#include "collector/train/progress_report.h"
#include "collector/train/video_model.h"
#include "db/error.h"

namespace ditscope::collector::train {
namespace {

constexpr const char* kVideoHelp =
    "Train the video model (a small Wan transformer) by flow matching.\n"
    "Example: ditscope-train-demo video --out models/demo-video --state video.state \\\n"
    "  --phase frames=1,size=32,batch=32,minutes=20,rate=2e-3,end=1e-3,shift=1.5 \\\n"
    "  --phase frames=8,size=32,batch=4,minutes=60,rate=1e-3,end=2e-5,shift=3";
constexpr const char* kImageHelp =
    "Train the image model (a small DiT) to predict noise.\n"
    "Example: ditscope-train-demo image --out models/demo-image --state image.state \\\n"
    "  --phase frames=1,size=32,batch=32,minutes=20,rate=2e-3,end=2e-5";

struct TrainCommand {
  DemoModel model = DemoModel::Video;
  std::string data = kFashionMnistFolder;
  std::filesystem::path out;
  std::vector<std::string> phases;
  std::string precision = "bf16";
  std::string device = "cpu";
  TrainerOptions trainer;

  void run() {
    std::vector<Phase> parsed;
    for (const std::string& phase : phases) parsed.push_back(parsePhase(phase));
    if (model == DemoModel::Image) {
      for (const Phase& phase : parsed) requireOneFrame(phase);
    }
    for (const Phase& phase : parsed) requireMultiple(phase);
    trainer.device = at::Device(device);
    trainer.stepDone = ProgressReport();
    keepFreedMemory();
    at::set_num_threads(1);  // the batch is what is split
    const at::ScalarType dtype = precision == "bf16" ? at::kBFloat16 : at::kFloat;
    GarmentSizes garments(readFashionMnist(data, Split::Train));
    if (model == DemoModel::Video) {
      const WanConfig config = demoVideoConfig();
      const TrainResult result = runTraining(initVideoModel(config, trainer.seed), parsed,
                                             videoLoss(config, garments, dtype), trainer);
      writeVideoModel(out, config, result.average, parsed.back().shape);
      report(result);
    } else {
      const DitConfig config = demoImageConfig();
      const TrainResult result = runTraining(initImageModel(config, trainer.seed), parsed,
                                             imageLoss(config, garments, dtype), trainer);
      writeImageModel(out, config, result.average);
      report(result);
    }
  }

  void report(const TrainResult& result) const {
    fmt::print("{}: {} steps in {:.1f} minutes, loss {:.4f}; weights in {}\n",
               result.interrupted ? "stopped" : "done", result.steps, result.minutes, result.loss,
               out.string());
    if (result.interrupted) fmt::print("go on with --resume\n");
  }

  static void requireOneFrame(const Phase& phase) {
    if (phase.shape.frames == 1 && phase.shape.size == demoImageConfig().sampleSize) return;
    throw db::Error(db::Error::Kind::BadInput, "phase", "the image model has one frame of 32 x 32",
                    "write frames=1,size=32");
  }
  void requireMultiple(const Phase& phase) const {
    if (phase.batch % trainer.threads == 0) return;
    throw db::Error(db::Error::Kind::BadInput, "phase",
                    fmt::format("batch {} is not split evenly", phase.batch),
                    fmt::format("choose a multiple of {}, the number of threads", trainer.threads));
  }
};

}  // namespace

void addTrainCommand(CLI::App& program, DemoModel model, std::function<void()>& command) {
  const bool video = model == DemoModel::Video;
  CLI::App* app = program.add_subcommand(video ? "video" : "image", video ? kVideoHelp : kImageHelp);
  const auto options = std::make_shared<TrainCommand>();
  options->model = model;
  options->trainer.threads = std::max(1U, std::thread::hardware_concurrency());
  app->add_option("--out", options->out, "Folder of the model, in diffusers' layout")->required();
  app->add_option("--phase", options->phases, "A stretch of training; may be given several times")
      ->required()
      ->take_all();
  app->add_option("--state", options->trainer.checkpoint, "Checkpoint, written every two minutes");
  app->add_flag("--resume", options->trainer.resume, "Go on from the checkpoint");
  app->add_option("--seed", options->trainer.seed, "Of the first weights, the clips and the noise");
  app->add_option("--threads", options->trainer.threads, "The batch is split among them")
      ->check(CLI::Range(1, 256));
  app->add_option("--precision", options->precision, "Of the matrix products")
      ->check(CLI::IsMember({"bf16", "f32"}));
  app->add_option("--device", options->device, "Where the network runs")
      ->check(CLI::IsMember({"cpu", "cuda"}));
  app->add_option("--data", options->data, "Folder of the Fashion-MNIST files");
  app->callback([&command, options] { command = [options] { options->run(); }; });
}

}  // namespace ditscope::collector::train
