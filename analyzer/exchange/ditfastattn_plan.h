// SPDX-License-Identifier: Apache-2.0
// The compression plan of DiTFastAttn (arXiv 2406.08552, section 3), [step][layer], with the names of the
// authors' code; shared by the two files that hold one. In a configuration the steps of full attention are
// dense steps of the schedule, and belong to the treatment that follows them, because a window takes its
// residual, and a shared output its output, from the last dense step of the same head.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/exchange/exchange_format.h"

namespace ditscope::analyzer {

struct FastAttnPlan {
  std::vector<std::vector<std::string>> steps;  // [step][layer]
  double window = 0.125;                        // keys on either side / image or video tokens
};

[[nodiscard]] bool isTreatment(std::string_view name);  // full_attn, residual_window_attn, output_share, ...

[[nodiscard]] FastAttnPlan planOf(const db::SparsityConfig& config, LossReport& report);
// Throws db::Error when it is for other steps or layers than --like.
[[nodiscard]] db::SparsityConfig configOf(const FastAttnPlan& plan, const ExchangeInput& input,
                                          LossReport& report);

}  // namespace ditscope::analyzer
