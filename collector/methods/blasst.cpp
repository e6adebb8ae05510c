// SPDX-License-Identifier: Apache-2.0
// BLASST, "skip softmax" (arXiv 2512.12087): every block's scores are computed, but softmax and PV of a block
// are skipped where all its rows lie below the running maximum by more than a threshold: gap < ln lambda.
// Lambda is given, or is a scale factor / keys, or follows from a target sparsity by a calibration, for all
// heads or for each. The rule looks at the scores themselves, so text is treated as any token, as published.
#include <ATen/ATen.h>

#include <optional>

#include "collector/methods/dense_schedule.h"
#include "collector/skip_calibration.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

class Blasst final : public Method {
 public:
  Blasst(const Parameters& p, const SamplingPlan& plan)
      : m_lambda(p.number("lambda")),
        m_scaleFactor(p.number("scale_factor")),
        m_target(p.number("target")),
        m_perHead(p.word("curve") == "head"),
        m_schedule(p, plan) {
    const std::string& file = p.word("calibration");
    if (file.empty()) return;
    if (m_scaleFactor > 0) {
      throw db::Error(db::Error::Kind::BadInput, "method blasst",
                      "calibration and scale_factor exclude each other", "give one of them");
    }
    m_calibration = readSkipCalibration(file);
  }

  Plan plan(const MethodCall& call) override {
    if (m_schedule.isDense(call)) return {};
    Plan plan{.kind = "sparse", .launches = {Launch{}}};
    const at::Tensor thresholds = at::empty({call.heads()}, at::kFloat);
    for (int64_t head = 0; head < call.heads(); ++head) {
      plan.decisions.push_back(decide(call, head));
      thresholds.data_ptr<float>()[head] = plan.decisions.back().threshold;
    }
    plan.launches[0].skip.kind = kernels::SkipRule::Kind::Blasst;
    plan.launches[0].lnLambda = thresholds;
    return plan;
  }

 private:
  [[nodiscard]] db::HeadDecision decide(const MethodCall& call, int64_t head) const {
    const auto keys = double(call.keys());
    if (!m_calibration) {
      return {.choice = "skip", .threshold = lnLambda(m_scaleFactor > 0 ? m_scaleFactor / keys : m_lambda)};
    }
    const SkipCurve& curve = curveOf(call.layer, int(head));
    return {.choice = curve.covers(m_target) ? "skip" : "skip_extrapolated",
            .budget = float(1 - m_target),
            .threshold = lnLambda(curve.scaleFactor(m_target) / keys)};
  }

  [[nodiscard]] const SkipCurve& curveOf(int layer, int head) const {
    const auto found = m_calibration->heads.find({layer, head});
    return m_perHead && found != m_calibration->heads.end() ? found->second : m_calibration->global;
  }

  double m_lambda;
  double m_scaleFactor;
  double m_target;
  bool m_perHead;
  DenseSchedule m_schedule;
  std::optional<SkipCalibration> m_calibration;
};

}  // namespace

MethodInfo blasst() {
  return {
      "blasst",
      "skips softmax and PV of blocks far below the running maximum",
      "BLASST, arXiv 2512.12087; calibration as NVIDIA ModelOpt's for diffusion",
      "no search, no state",
      Knob{"lambda", 1, 1e-6, true},
      withSchedule(
          {number("lambda", "0.1", 0, 1e6, "weight against the maximum that may be skipped; above 1 as 1"),
           number("scale_factor", "0", 0, 1e12, "lambda = scale_factor / keys instead; 0 = by lambda"),
           text("calibration", "", "file of ditscope-collect calibrate, for a target instead of a lambda"),
           number("target", "0.5", 0, 1, "share of blocks to skip; with a calibration"),
           word("curve", "global", {"global", "head"},
                "one curve of the calibration for all heads, or each head's own where it has one")}),
      [](const Parameters& p, const SamplingPlan& plan) { return std::make_unique<Blasst>(p, plan); },
      /*onDevice=*/true};
}

}  // namespace ditscope::collector
