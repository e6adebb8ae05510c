// SPDX-License-Identifier: Apache-2.0
// Re-ttention (arXiv 2505.22918, section 4): a static window keeps few keys, and what a dense step left
// behind makes up for the rest. At the last dense step before sparse ones, with window W, per head and row,
//   rho = exp(LSE_W - LSE_full)    share of the softmax denominator inside the window, in (0, 1]
//   R   = O_full - rho O_W         what the keys outside contribute
// and the k-th sparse step after it gives min(1, rho + (k - 1) lambda) O_W + R. The authors' code grows rho
// after each use, so that the first sparse step has the exact one, and lets it exceed 1; here it is clamped.
// R is taken before the output projection, which is linear, so that the result is the same.
#include <ATen/ATen.h>

#include <cmath>

#include "collector/attention_kernel.h"
#include "collector/methods/periodic_schedule.h"
#include "collector/methods/token_window.h"
#include "collector/methods/video_tokens.h"

namespace ditscope::collector {
namespace {

class Rettention final : public Method {
 public:
  Rettention(const Parameters& p, const SamplingPlan& plan)
      : m_density(p.number("density")),
        m_lambda(p.number("lambda")),
        m_window(p.word("window")),
        m_corrects(p.word("correction") == "on"),
        m_schedule(p, plan, p.integer("period")) {}

  Plan plan(const MethodCall& call) override {
    if (runsDense(call)) return {.kind = caches(call) ? "search" : "dense"};
    return sparsePlan(mask(call).lists(), {{.choice = inFrames(call) ? "frame_window" : "window",
                                            .budget = float(mask(call).tokenDensity()),
                                            .sourceStep = m_corrects ? m_cached(call).step : -1}});
  }

  void observe(const MethodCall& call, MethodResult& result) override {
    if (!m_corrects) return;
    if (!runsDense(call)) {
      result.out = corrected(call, result.out);
    } else if (caches(call)) {
      m_cached(call) = cache(call, result);
    }
  }

 private:
  struct Cached {
    at::Tensor rho;       // [H, Nq, 1] f32
    at::Tensor residual;  // [H, Nq, D] of the output's dtype
    int step = 0;
  };

  [[nodiscard]] bool runsDense(const MethodCall& call) {
    return m_schedule.isDense(call) || (m_corrects && !m_cached(call).rho.defined());
  }
  [[nodiscard]] bool caches(const MethodCall& call) const {
    return m_corrects && m_schedule.nextIsSparse(call);
  }
  [[nodiscard]] bool inFrames(const MethodCall& call) const {
    return m_window == "frame" || (m_window == "auto" && call.grid.frames > 1);
  }

  // As the authors cut it: int(N density) tokens around the query, half of them, rounded down, on either
  // side; N = the tokens of the image, or of one frame.
  [[nodiscard]] const WindowMask& mask(const MethodCall& call) {
    if (!m_mask || !m_mask->fits(call)) {
      const int64_t frames = inFrames(call) ? call.grid.frames : 1;
      const int64_t around = VideoTokens(call).count() / frames;
      const auto width = int64_t(double(around) * m_density);
      m_mask.emplace(call, TokenWindow{m_density < 1 ? width / 2 : around, inFrames(call)});
    }
    return *m_mask;
  }

  [[nodiscard]] Cached cache(const MethodCall& call, const MethodResult& full) {
    const KernelResult window = runAttention(call.q.unsqueeze(0), call.k.unsqueeze(0), call.v.unsqueeze(0),
                                             {.lists = mask(call).lists(), .block = call.block});
    const at::Tensor rho = (window.lse[0] - full.lse).exp().clamp_max(1).unsqueeze(-1);
    return {rho, (full.out - rho * window.out[0]).to(full.out.scalar_type()), call.step};
  }

  [[nodiscard]] at::Tensor corrected(const MethodCall& call, const at::Tensor& out) {
    const Cached& cached = m_cached(call);
    const int used = call.step - cached.step - 1;  // sparse steps before this one
    const at::Tensor rho = (cached.rho + m_lambda * used).clamp_max(1);
    return (rho * out + cached.residual).to(out.scalar_type());
  }

  double m_density;
  double m_lambda;
  std::string m_window;
  bool m_corrects;
  PeriodicSchedule m_schedule;
  std::optional<WindowMask> m_mask;  // the same in every step, layer and head
  PerBranch<Cached> m_cached;
};

}  // namespace

MethodInfo rettention() {
  return {"rettention",
          "a window whose output is scaled and completed by what a dense step left behind",
          "Re-ttention, arXiv 2505.22918",
          "a window pass at each dense step before a sparse one; memory: one output and one value a row, per "
          "layer and branch",
          Knob{"density", 0.001, 1, true},
          withSchedule(
              {number("density", "0.03125", 0.001, 1, "share of the tokens (of each frame) in the window"),
               word("window", "auto", {"auto", "sequence", "frame"},
                    "around the query in the sequence, or around its place in every frame; auto: frame for "
                    "videos"),
               number("lambda", "0.04", 0, 1, "growth of rho a sparse step"),
               integer("period", "5", 0, 10000, "dense again in steps that are its multiples; 0 = never"),
               word("correction", "on", {"on", "off"}, "off: the window alone, in the same steps")},
              {.steps = 0.25}),
          [](const Parameters& p, const SamplingPlan& plan) { return std::make_unique<Rettention>(p, plan); },
          /*onDevice=*/true};
}

}  // namespace ditscope::collector
