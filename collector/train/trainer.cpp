// SPDX-License-Identifier: Apache-2.0
#include "collector/train/trainer.h"

#include <ATen/ATen.h>

#include <chrono>
#include <cmath>
#include <future>
#include <numbers>

#include "collector/interrupt.h"
#include "collector/train/adamw.h"

namespace ditscope::collector::train {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kWarmupSteps = 100;
constexpr double kCheckpointSeconds = 120;
constexpr double kLossWindow = 200;  // steps, of the running mean

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double learningRate(const Phase& phase, const TrainState& state) {
  const double warm = std::min(1.0, static_cast<double>(state.phaseSteps + 1) / kWarmupSteps);
  const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, progress(phase, state))));
  return warm * (phase.rateEnd + (phase.rate - phase.rateEnd) * cosine);
}

// Each shard of the batch runs on a thread of its own, forward and backward: one meeting a step instead of
// one an operation. Gradients are summed in the order of the shards. Returns the mean loss.
double shardedBackward(const TensorMap& weights, const Phase& phase, const LossFunction& loss, uint64_t seed,
                       int64_t shards) {
  Phase part = phase;
  part.batch = phase.batch / shards;
  std::vector<TensorMap> leaves(static_cast<size_t>(shards));
  std::vector<std::future<double>> losses;
  for (int64_t shard = 0; shard < shards; ++shard) {
    TensorMap& leaf = leaves[static_cast<size_t>(shard)];
    for (const auto& [name, tensor] : weights) leaf[name] = tensor.detach().set_requires_grad(true);
    losses.push_back(std::async(std::launch::async, [&, shard] {
      const at::Tensor value =
          loss(leaf, part, seed * static_cast<uint64_t>(shards) + static_cast<uint64_t>(shard));
      value.backward();
      return value.item<double>();
    }));
  }
  double sum = 0;
  for (auto& value : losses) sum += value.get();
  for (const auto& [name, tensor] : weights) {
    at::Tensor gradient;
    for (const TensorMap& leaf : leaves) {
      const at::Tensor& share = leaf.at(name).grad();
      if (share.defined()) gradient = gradient.defined() ? gradient + share : share;
    }
    if (gradient.defined()) tensor.mutable_grad() = gradient / static_cast<double>(shards);
  }
  return sum / static_cast<double>(shards);
}

uint64_t stepSeed(uint64_t seed, int64_t step) {
  return seed * 0x9E3779B97F4A7C15ULL + static_cast<uint64_t>(step);
}

}  // namespace

double progress(const Phase& phase, const TrainState& state) {
  return phase.steps > 0 ? static_cast<double>(state.phaseSteps) / static_cast<double>(phase.steps)
                         : state.phaseSeconds / (60 * phase.minutes);
}

TrainResult runTraining(TensorMap weights, const std::vector<Phase>& phases, const LossFunction& loss,
                        const TrainerOptions& options) {
  TrainState state = options.resume ? readTrainState(options.checkpoint) : freshTrainState(weights);
  weights = toDevice(state.weights, options.device);
  TensorMap average = toDevice(state.average, options.device);
  AdamW adam(weights, {}, toDevice(state.mean, options.device), toDevice(state.square, options.device),
             state.steps);

  const auto save = [&] {
    state.weights = weights;
    state.average = average;
    state.mean = adam.mean();
    state.square = adam.square();
    if (!options.checkpoint.empty()) writeTrainState(options.checkpoint, state);
  };
  const InterruptGuard guard;
  Clock::time_point saved = Clock::now();
  for (; state.phase < static_cast<int64_t>(phases.size()) && !InterruptGuard::interrupted(); ++state.phase) {
    const Phase& phase = phases[static_cast<size_t>(state.phase)];
    while (progress(phase, state) < 1 && !InterruptGuard::interrupted()) {
      const Clock::time_point start = Clock::now();
      const double value =
          shardedBackward(weights, phase, loss, stepSeed(options.seed, state.steps), options.threads);
      adam.step(learningRate(phase, state));
      updateAverage(average, weights, options.averageDecay, state.steps);
      const double weight = std::max(1 / kLossWindow, 1 / static_cast<double>(state.phaseSteps + 1));
      state.loss += weight * (value - state.loss);
      ++state.steps;
      ++state.phaseSteps;
      const double stepSeconds = secondsSince(start);
      state.phaseSeconds += stepSeconds;
      state.seconds += stepSeconds;
      if (options.stepDone) options.stepDone(phase, state, stepSeconds);
      if (secondsSince(saved) > kCheckpointSeconds) {
        save();
        saved = Clock::now();
      }
    }
    if (InterruptGuard::interrupted()) break;
    state.phaseSteps = 0;
    state.phaseSeconds = 0;
  }
  save();
  return {average, state.steps, state.loss, state.seconds / 60, InterruptGuard::interrupted()};
}

}  // namespace ditscope::collector::train
