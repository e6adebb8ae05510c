// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/method.h"

namespace ditscope::collector {
namespace {

class Dense final : public Method {
 public:
  Plan plan(const MethodCall&) override { return {}; }
};

}  // namespace

MethodInfo dense() {
  return {.name = "dense",
          .help = "full attention",
          .source = "",
          .cost = "nothing",
          .knob = {},
          .parameters = {},
          .make = [](const Parameters&, const SamplingPlan&) { return std::make_unique<Dense>(); },
          .onDevice = true};
}

}  // namespace ditscope::collector
