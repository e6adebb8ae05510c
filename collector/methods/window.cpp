// SPDX-License-Identifier: Apache-2.0
// Local attention: a query block attends the key blocks that any of its tokens can reach, within a number of
// tokens along the sequence or of frames. The window is widened to whole blocks; text is attended by all.
#include <algorithm>

#include "collector/methods/block_choice.h"
#include "collector/methods/dense_schedule.h"

namespace ditscope::collector {
namespace {

class Window final : public Method {
 public:
  Window(const Parameters& p, const SamplingPlan& plan)
      : m_tokens(p.integer("tokens")), m_frames(p.integer("frames")), m_schedule(p, plan) {}

  Plan plan(const MethodCall& call) override {
    if (m_schedule.isDense(call)) return {};
    if (m_lists == nullptr || m_queries != call.queries()) {  // the same in every step, layer and head
      m_lists = choose(call);
      m_queries = call.queries();
    }
    return sparsePlan(m_lists, {{.choice = "window", .budget = m_density}});
  }

 private:
  [[nodiscard]] std::shared_ptr<const kernels::BlockListStorage> choose(const MethodCall& call) {
    BlockChoice choice(call, 1);
    for (int64_t g = 0; g < choice.grid.qBlocks; ++g) {
      const int64_t first = g * call.block;
      const int64_t last = std::min(first + call.block, call.queries()) - 1;
      const int64_t low = std::clamp<int64_t>(reach(call, first, -1), 0, call.keys() - 1);
      const int64_t high = std::clamp<int64_t>(reach(call, last, +1), 0, call.keys() - 1);
      uint8_t* row = choice.row(0, g);
      std::fill(row + low / call.block, row + high / call.block + 1, uint8_t{1});
    }
    keepText(choice, call);
    const auto kept = std::ranges::count(choice.kept, uint8_t{1});
    m_density = float(double(kept) / double(choice.kept.size()));
    return toLists(choice, call);
  }

  // The farthest token that `token` attends to the left (side -1) or right (side +1); may lie outside.
  [[nodiscard]] int64_t reach(const MethodCall& call, int64_t token, int side) const {
    if (m_tokens > 0) {
      return token + side * int64_t{m_tokens};
    }
    const int64_t perFrame = int64_t{call.grid.rows} * call.grid.cols;
    const int64_t start =
        call.text.begin == 0 ? call.text.end : 0;  // of the video, behind text that comes first
    const int64_t frame = std::max<int64_t>(token - start, 0) / perFrame + side * int64_t{m_frames};
    return start + frame * perFrame + (side > 0 ? perFrame - 1 : 0);
  }

  int m_tokens;
  int m_frames;
  DenseSchedule m_schedule;
  int64_t m_queries = 0;
  float m_density = 1;  // of the lists
  std::shared_ptr<const kernels::BlockListStorage> m_lists;
};

}  // namespace

MethodInfo window() {
  return {"window",
          "each token attends its neighbourhood",
          "",
          "the list is built once",
          Knob{"frames", 0, 64},
          withSchedule(
              {integer("frames", "1", 0, 10000, "frames on either side"),
               integer("tokens", "0", 0, 1e9, "tokens on either side instead of frames; 0 = by frames")}),
          [](const Parameters& p, const SamplingPlan& plan) { return std::make_unique<Window>(p, plan); },
          /*onDevice=*/true};
}

}  // namespace ditscope::collector
