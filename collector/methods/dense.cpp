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
  return {"dense", "full attention", {}, [](const Parameters&) { return std::make_unique<Dense>(); }};
}

}  // namespace ditscope::collector
