// SPDX-License-Identifier: Apache-2.0
// The worked example of ARCHITECTURE.md, between the two marks; a test of the tree compares the two.
#include "collector/methods/method.h"
// example begins
#include "collector/methods/block_choice.h"
#include "collector/methods/dense_schedule.h"

namespace ditscope::collector {
namespace {

class Stripes final : public Method {  // one object a generation
 public:
  Stripes(const Parameters& p, const SamplingPlan& plan) : m_every(p.integer("every")), m_schedule(p, plan) {}

  Plan plan(const MethodCall& call) override {
    if (m_schedule.isDense(call)) return {};
    BlockChoice choice(call, 1);  // one list that all heads share
    for (int64_t row = 0; row < choice.grid.qBlocks; ++row) {
      for (int64_t col = row % m_every; col < choice.grid.kBlocks; col += m_every) {
        choice.row(0, row)[col] = 1;
      }
    }
    keepText(choice, call);
    return sparsePlan(toLists(choice, call), {{.choice = "stripes", .budget = 1.0f / float(m_every)}});
  }

 private:
  int m_every;
  DenseSchedule m_schedule;
};

}  // namespace

MethodInfo stripes() {
  return {.name = "stripes",
          .help = "each query block attends every n-th key block",
          .source = "",
          .cost = "a list a call",
          .knob = Knob{"every", 1000, 1, true},
          .parameters = withSchedule({integer("every", "4", 1, 1000, "key blocks from one to the next")}),
          .make = [](const Parameters& p, const SamplingPlan& plan) {
            return std::make_unique<Stripes>(p, plan);
          }};
}

}  // namespace ditscope::collector
// example ends
