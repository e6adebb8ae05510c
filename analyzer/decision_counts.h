// SPDX-License-Identifier: Apache-2.0
// What sparsity methods decided for a number of heads, counted: which methods and choices, thresholds, and
// what was reused. Heads whose decision was not recorded count nowhere.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "analyzer/statistics.h"
#include "db/model.h"

namespace ditscope::analyzer {

inline constexpr std::string_view kMixed = "mixed";

struct DecisionCounts {
  using Choices = std::map<std::string, int64_t, std::less<>>;  // cells by choice, "" where none is named
  struct OfMethod {
    Choices choices;
    Summary threshold;  // in the method's own units
  };
  std::map<std::string, OfMethod, std::less<>> methods;
  Summary sourceStep;  // of the cells that reuse something

  void add(const db::HeadDecision& decision);
  [[nodiscard]] bool empty() const { return methods.empty(); }
  [[nodiscard]] Choices choices() const;  // of all methods together
  // Of the one method that has thresholds; of none when several do, for their units differ.
  [[nodiscard]] Summary threshold() const;
  // The one method, kMixed for several, "" for none.
  [[nodiscard]] std::string method() const;
};

[[nodiscard]] int64_t countOf(const DecisionCounts::Choices& choices);
// "window" when all chose the same, else "window 44, dense 24" with the most frequent first. Control
// characters of a trace are shown as text.
[[nodiscard]] std::string choicesText(const DecisionCounts::Choices& choices);

}  // namespace ditscope::analyzer
