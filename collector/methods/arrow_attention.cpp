// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/arrow_attention.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>

#include "collector/attention_kernel.h"
#include "collector/methods/error_budget.h"
#include "collector/methods/token_window.h"
#include "collector/methods/video_tokens.h"

namespace ditscope::collector {
namespace {

constexpr std::array<int, 3> kFactors = {8, 16, 32};  // half-width = vision tokens / (2 factor)
constexpr int kShare = int(kFactors.size());          // candidate behind the windows
constexpr int kFull = -1;
constexpr double kDropAbove = 1.5;  // times a head's even part of alpha

class ArrowAttention final : public Method {
 public:
  ArrowAttention(double alpha, const PeriodicSchedule& schedule) : m_alpha(alpha), m_schedule(schedule) {}

  Plan plan(const MethodCall& call) override {
    const State& state = m_states(call);
    if (runsDense(call)) return {.kind = m_schedule.nextIsSparse(call) ? "search" : "dense"};
    Plan plan{.kind = "sparse", .launches = {}, .decisions = decisions(call, state)};
    std::vector<int64_t> shared;
    Launch computed = computedHeads(call, state);
    for (size_t h = 0; h < state.choices.size(); ++h) {
      if (state.choices[h].candidate == kShare) shared.push_back(int64_t(h));
    }
    if (shared.empty()) computed.heads.clear();
    if (int64_t(shared.size()) < call.heads()) plan.launches.push_back(std::move(computed));
    if (!shared.empty()) {
      const at::Tensor output = state.output.index_select(0, at::tensor(shared, at::kLong));
      if (plan.launches.empty()) plan.kind = "reuse";
      plan.launches.push_back({.heads = std::move(shared), .output = output});
    }
    return plan;
  }

  void observe(const MethodCall& call, MethodResult& result) override {
    State& state = m_states(call);
    if (runsDense(call) && m_schedule.nextIsSparse(call)) choose(call, result.out, state);
    state.output = result.out;
  }

 private:
  struct Choice {
    int candidate = kFull;
    double error = 0;
  };
  struct State {
    std::vector<Choice> choices;  // a head each; empty = not measured yet
    int step = -1;                // that measured them
    at::Tensor output;            // [H, Nq, D] of the step before
  };

  [[nodiscard]] bool runsDense(const MethodCall& call) {
    return m_schedule.isDense(call) || m_states(call).choices.empty();
  }

  // Of a window candidate, or of all tokens.
  [[nodiscard]] const WindowMask& mask(const MethodCall& call, int candidate) {
    const int64_t tokens = VideoTokens(call).count();
    const int64_t radius = candidate == kFull ? tokens : tokens / (2 * kFactors[size_t(candidate)]);
    const auto found = m_masks.find(candidate);
    if (found != m_masks.end() && found->second.fits(call)) return found->second;
    return m_masks.insert_or_assign(candidate, WindowMask(call, {radius})).first->second;
  }

  // The launch of all heads that are not shared, each with its own list.
  [[nodiscard]] Launch computedHeads(const MethodCall& call, const State& state) {
    Launch launch;
    bool sparse = false;
    std::vector<const kernels::BlockListStorage*> lists;
    for (size_t h = 0; h < state.choices.size(); ++h) {
      const int candidate = state.choices[h].candidate;
      if (candidate == kShare) continue;
      launch.heads.push_back(int64_t(h));
      lists.push_back(mask(call, candidate).lists().get());
      sparse |= candidate != kFull;
    }
    if (sparse) launch.lists = std::make_shared<kernels::BlockListStorage>(kernels::joinHeads(lists));
    return launch;
  }

  [[nodiscard]] std::vector<db::HeadDecision> decisions(const MethodCall& call, const State& state) {
    std::vector<db::HeadDecision> all;
    for (const auto& [candidate, error] : state.choices) {
      db::HeadDecision& decision = all.emplace_back();
      const bool share = candidate == kShare;
      decision.choice = share                ? "output_share"
                        : candidate == kFull ? "full_attn"
                                             : fmt::format("arrow_attn_{}", kFactors[size_t(candidate)]);
      decision.budget = share ? 0 : float(mask(call, candidate).tokenDensity());
      if (candidate != kFull) decision.threshold = float(error);
      decision.sourceStep = state.step;  // a shared output too is that step's, handed on from step to step
    }
    return all;
  }

  void choose(const MethodCall& call, const at::Tensor& full, State& state) {
    std::vector<std::vector<double>> errors(size_t(call.heads()));  // [heads][candidates]
    std::vector<double> gains;
    const auto add = [&](const at::Tensor& out, double gain) {
      const at::Tensor rse = relativeSquaredError(out, full);
      for (int64_t h = 0; h < call.heads(); ++h) {
        const double error = rse[h].item<double>();
        errors[size_t(h)].push_back(error < kDropAbove * m_alpha / double(call.heads()) ? error : NAN);
      }
      gains.push_back(gain);
    };
    for (int candidate = 0; candidate < kShare; ++candidate) {
      const WindowMask& window = mask(call, candidate);
      const KernelRequest request{.lists = window.lists(), .block = call.block, .lse = false};
      const KernelResult out =
          runAttention(call.q.unsqueeze(0), call.k.unsqueeze(0), call.v.unsqueeze(0), request);
      add(out.out[0], 1 - window.blockDensity());
    }
    if (state.output.defined()) add(state.output, 1);
    const std::vector<int> chosen = selectWithinBudget(errors, gains, m_alpha);
    state.choices.clear();
    for (size_t h = 0; h < chosen.size(); ++h) {
      state.choices.push_back({chosen[h], chosen[h] == kFull ? 0 : errors[h][size_t(chosen[h])]});
    }
    state.step = call.step;
  }

  // Of each head: [H] f64.
  [[nodiscard]] static at::Tensor relativeSquaredError(const at::Tensor& out, const at::Tensor& full) {
    const at::Tensor reference = full.to(at::kDouble);
    const at::Tensor error = (out.to(at::kDouble) - reference).square().mean({1, 2});
    return error / reference.var({1, 2}, /*unbiased=*/false);
  }

  double m_alpha;
  PeriodicSchedule m_schedule;
  std::map<int, WindowMask> m_masks;  // by candidate
  PerBranch<State> m_states;
};

}  // namespace

std::unique_ptr<Method> makeArrowAttention(double alpha, const PeriodicSchedule& schedule) {
  return std::make_unique<ArrowAttention>(alpha, schedule);
}

}  // namespace ditscope::collector
