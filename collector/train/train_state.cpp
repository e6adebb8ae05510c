// SPDX-License-Identifier: Apache-2.0
#include "collector/train/train_state.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "collector/safetensors.h"
#include "db/error.h"

namespace ditscope::collector::train {
namespace {

// The maps of a state and their prefixes in the file.
template <typename State>
auto parts(State& state) {
  return std::array{
      std::pair{std::string("weights."), &state.weights}, std::pair{std::string("average."), &state.average},
      std::pair{std::string("mean."), &state.mean}, std::pair{std::string("square."), &state.square}};
}

}  // namespace

TrainState freshTrainState(const TensorMap& weights) {
  TrainState state;
  state.weights = weights;
  state.average = weights;
  for (const auto& [name, tensor] : weights) {
    state.mean[name] = at::zeros_like(tensor);
    state.square[name] = at::zeros_like(tensor);
  }
  return state;
}

TensorMap toDevice(const TensorMap& tensors, at::Device device) {
  TensorMap moved;
  for (const auto& [name, tensor] : tensors) moved[name] = tensor.detach().clone().to(device);
  return moved;
}

void writeTrainState(const std::filesystem::path& file, const TrainState& state) {
  TensorMap all;
  for (const auto& [prefix, map] : parts(state)) {
    for (const auto& [name, tensor] : *map) all[prefix + name] = tensor.detach();
  }
  writeSafetensors(file, all,
                   {{"steps", std::to_string(state.steps)},
                    {"phase", std::to_string(state.phase)},
                    {"phase_steps", std::to_string(state.phaseSteps)},
                    {"phase_seconds", fmt::format("{}", state.phaseSeconds)},
                    {"seconds", fmt::format("{}", state.seconds)},
                    {"loss", fmt::format("{}", state.loss)}});
}

TrainState readTrainState(const std::filesystem::path& file) {
  Metadata metadata;
  TrainState state;
  for (const auto& [fullName, tensor] : readSafetensors(file, &metadata)) {
    for (const auto& [prefix, map] : parts(state)) {
      if (fullName.starts_with(prefix)) (*map)[fullName.substr(prefix.size())] = tensor;
    }
  }
  try {
    state.steps = std::stoll(metadata.at("steps"));
    state.phase = std::stoll(metadata.at("phase"));
    state.phaseSteps = std::stoll(metadata.at("phase_steps"));
    state.phaseSeconds = std::stod(metadata.at("phase_seconds"));
    state.seconds = std::stod(metadata.at("seconds"));
    state.loss = std::stod(metadata.at("loss"));
  } catch (const std::logic_error&) {  // a key that is missing, or no number
    throw db::Error(db::Error::Kind::BadInput, file.string(), "is not a training checkpoint",
                    "name a checkpoint that ditscope-train-demo wrote");
  }
  return state;
}

}  // namespace ditscope::collector::train
