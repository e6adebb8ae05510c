// SPDX-License-Identifier: Apache-2.0
#include "collector/train/trainer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <ctime>
#include <future>
#include <numbers>

#include "collector/train/adamw.h"
#include "collector/train/train_state.h"

namespace ditscope::collector::train {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kWarmupSteps = 100;
constexpr double kCheckpointSeconds = 120;
constexpr double kLossWindow = 200;  // steps, of the running mean

volatile std::sig_atomic_t g_stop = 0;
void requestStop(int) {
  g_stop = 1;
}

class StopOnSignal {
 public:
  StopOnSignal() : m_int(std::signal(SIGINT, requestStop)), m_term(std::signal(SIGTERM, requestStop)) {
    g_stop = 0;
  }
  ~StopOnSignal() {
    std::signal(SIGINT, m_int);
    std::signal(SIGTERM, m_term);
  }
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

 private:
  void (*m_int)(int);
  void (*m_term)(int);
};

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double progress(const Phase& phase, const TrainState& state) {  // 0..1 of the phase
  return phase.steps > 0 ? static_cast<double>(state.phaseSteps) / static_cast<double>(phase.steps)
                         : state.phaseSeconds / (60 * phase.minutes);
}

double learningRate(const Phase& phase, const TrainState& state) {
  const double warm = std::min(1.0, static_cast<double>(state.phaseSteps + 1) / kWarmupSteps);
  const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, progress(phase, state))));
  return warm * (phase.rateEnd + (phase.rate - phase.rateEnd) * cosine);
}

void report(const Phase& phase, const TrainState& state, double stepSeconds, bool last) {
  static Clock::time_point shown;
  const bool terminal = isatty(STDERR_FILENO) != 0;
  if (!last && secondsSince(shown) < (terminal ? 1 : 30)) return;
  shown = Clock::now();
  const double share = std::max(1e-6, progress(phase, state));
  const double left = std::max(0.0, state.phaseSeconds * (1 / share - 1));
  const std::time_t end = std::time(nullptr) + static_cast<std::time_t>(left);
  char clock[16];
  std::strftime(clock, sizeof clock, "%H:%M:%S", std::localtime(&end));
  fmt::print(stderr, "{}phase {} {}x{}x{}  step {}  loss {:.4f}  {:.1f} clips/s  phase ends {}{}",
             terminal ? "\r" : "", state.phase, phase.shape.frames, phase.shape.size, phase.shape.size,
             state.steps, state.loss, static_cast<double>(phase.batch) / stepSeconds, clock,
             terminal && !last ? "" : "\n");
  std::fflush(stderr);
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
  const StopOnSignal stopOnSignal;
  Clock::time_point saved = Clock::now();
  for (; state.phase < static_cast<int64_t>(phases.size()) && g_stop == 0; ++state.phase) {
    const Phase& phase = phases[static_cast<size_t>(state.phase)];
    while (progress(phase, state) < 1 && g_stop == 0) {
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
      report(phase, state, stepSeconds, progress(phase, state) >= 1);
      if (secondsSince(saved) > kCheckpointSeconds) {
        save();
        saved = Clock::now();
      }
    }
    if (g_stop != 0) break;
    state.phaseSteps = 0;
    state.phaseSeconds = 0;
  }
  save();
  return {average, state.steps, state.loss, state.seconds / 60, g_stop != 0};
}

}  // namespace ditscope::collector::train
