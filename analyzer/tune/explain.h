// SPDX-License-Identifier: Apache-2.0
// Why a tuned configuration does what it does with one head, from the configuration alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "analyzer/text_style.h"
#include "db/config.h"

namespace ditscope::analyzer {

struct ExplainQuery {
  int32_t layer = 0, head = 0;
  std::optional<int32_t> step = {};       // default: the first that is not dense
  std::optional<db::Branch> branch = {};  // default: cond
};

// Throws db::Error for a cell that the model does not have. A configuration without the tuner's extension is
// explained as far as it goes: the choice and what is expected of it. `file` names it in errors.
[[nodiscard]] std::string explainText(const std::string& file, const db::SparsityConfig& config,
                                      const ExplainQuery& query, const TextStyle& style);
[[nodiscard]] std::string explainJson(const std::string& file, const db::SparsityConfig& config,
                                      const ExplainQuery& query);  // ditscope.explain/1

}  // namespace ditscope::analyzer
