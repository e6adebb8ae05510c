// SPDX-License-Identifier: Apache-2.0
#include "collector/forward_command.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "collector/denoiser.h"
#include "collector/safetensors.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

struct ForwardOptions {
  std::string model, inputs, out, dtype = "f32", device = "cpu";
  bool taps = false;
};

at::ScalarType dtypeNamed(const std::string& name) {
  return name == "f16" ? at::kHalf : name == "bf16" ? at::kBFloat16 : at::kFloat;
}

at::Device deviceNamed(const std::string& name) {
  if (name == "cuda" && !at::hasCUDA()) {
    throw db::Error(db::Error::Kind::BadInput, "--device cuda", "this LibTorch sees no CUDA device",
                    "use --device cpu");
  }
  return at::Device(name);
}

// The names are those of diffusers' forward().
DenoiserInput makeInput(const TensorMap& tensors, bool classConditional, const ForwardOptions& options) {
  const at::Device device = deviceNamed(options.device);
  const auto take = [&](const std::string& name) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      throw db::Error(db::Error::Kind::BadInput, options.inputs, fmt::format("it lacks the tensor {}", name),
                      "write all inputs of the model's forward() into the file");
    }
    return found->second.to(device);
  };
  DenoiserInput input;
  input.latents = take("hidden_states").to(dtypeNamed(options.dtype));
  input.timestep = take("timestep");
  if (classConditional) {
    input.labels = take("class_labels").to(at::kLong);
  } else {
    input.text = take("encoder_hidden_states").to(dtypeNamed(options.dtype));
  }
  return input;
}

void runForward(const ForwardOptions& options) {
  const TensorMap tensors = readSafetensors(options.inputs);
  std::vector<std::string> unexpected;
  const auto denoiser =
      loadDenoiser(options.model, {dtypeNamed(options.dtype), deviceNamed(options.device)}, &unexpected);
  const DenoiserInput input = makeInput(tensors, denoiser->shape().classConditional, options);
  if (!unexpected.empty()) {
    fmt::print(stderr, "ditscope: {} : {} tensors of the checkpoint are not used : the first is {}\n",
               options.model, unexpected.size(), unexpected.front());
  }

  TensorMap results;
  BlockTap tap;
  if (options.taps) {
    tap = [&](int block, const at::Tensor& tokens) { results[fmt::format("tap.{}", block)] = tokens; };
  }
  StepContext step;
  step.branchOfRow.assign(static_cast<size_t>(input.latents.size(0)), db::Branch::Cond);
  PlainAttention attention;
  const c10::NoGradGuard noGrad;
  try {
    results["out"] = denoiser->forward(input, step, attention, tap);
  } catch (const c10::Error& problem) {
    const std::string text = problem.what_without_backtrace();
    throw db::Error(db::Error::Kind::BadInput, options.inputs, text.substr(0, text.find('\n')),
                    "check the shapes of the inputs, or use --dtype f32");
  }
  writeSafetensors(options.out, results);
}

}  // namespace

void addForwardCommand(CLI::App& program) {
  auto options = std::make_shared<ForwardOptions>();
  CLI::App* command =
      program.add_subcommand("forward", "Run one forward of a checkpoint on inputs from a file");
  command->add_option("--model", options->model, "Model folder in diffusers' layout")->required();
  command
      ->add_option("--inputs", options->inputs,
                   "Safetensors file with hidden_states, timestep and encoder_hidden_states or class_labels")
      ->required();
  command->add_option("--out", options->out, "Safetensors file to write; its tensor is called out")
      ->required();
  command->add_option("--dtype", options->dtype, "Of weights and activations")
      ->check(CLI::IsMember({"f32", "f16", "bf16"}))
      ->capture_default_str();
  command->add_option("--device", options->device)
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  command->add_flag("--taps", options->taps, "Also write the tokens after each block, as tap.0, tap.1, ...");
  command->footer(
      "Example:\n  ditscope-collect forward --model Wan2.1-T2V-1.3B/transformer --inputs in.safetensors "
      "--out out.safetensors");
  command->callback([options] { runForward(*options); });
}

}  // namespace ditscope::collector
