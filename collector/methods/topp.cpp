// SPDX-License-Identifier: Apache-2.0
// Keeps the heaviest blocks until they hold a share of the mass: of every block row, or of a whole head. What
// the share means hangs on the weights: pooled weights are flatter than true masses.
#include "collector/methods/mass_selection.h"

namespace ditscope::collector {
namespace {

std::unique_ptr<Method> makeTopP(const Parameters& p, const SamplingPlan& plan) {
  const double share = p.number("share");
  const kernels::SelectionScope scope = selectionScope(p);
  const kernels::Crossing crossing =
      p.word("crossing") == "included" ? kernels::Crossing::Included : kernels::Crossing::Excluded;
  const auto select = [=](const kernels::BlockGrid& grid, std::span<const float> weights,
                          std::span<uint8_t> kept) {
    if (share >= 1) {  // blocks without any mass too
      std::fill(kept.begin(), kept.end(), uint8_t{1});
    } else {
      kernels::selectTopP(grid, weights, share, scope, kept, crossing);
    }
  };
  return makeMassMethod(p, plan, select, {.choice = "topp", .threshold = float(share)});
}

}  // namespace

MethodInfo topp() {
  return {"topp",
          "keeps the heaviest blocks that together hold a share of the mass",
          "",
          "source=exact: a dense pass every step; previous: a dense step every search_every; pooled: little",
          Knob{"share", 0.01, 1},
          withMassSelection(
              {number("share", "0.9", 0.001, 1, "of the mass that is kept; 1 keeps everything"),
               word("crossing", "included", {"included", "excluded"},
                    "whether the block is kept with which the sum passes the share; an exact hit does not")}),
          makeTopP,
          /*onDevice=*/true};
}

}  // namespace ditscope::collector
