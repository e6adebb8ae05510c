// SPDX-License-Identifier: Apache-2.0
#include "analyzer/decision_counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "analyzer/format.h"

namespace ditscope::analyzer {

void DecisionCounts::add(const db::HeadDecision& decision) {
  if (decision.method.empty()) return;
  OfMethod& method = methods[decision.method];
  ++method.choices[decision.choice];
  method.threshold.add(decision.threshold);
  if (decision.sourceStep >= 0) sourceStep.add(decision.sourceStep);
}

DecisionCounts::Choices DecisionCounts::choices() const {
  Choices all;
  for (const auto& [name, method] : methods)
    for (const auto& [choice, cells] : method.choices) all[choice] += cells;
  return all;
}

Summary DecisionCounts::threshold() const {
  Summary only;
  for (const auto& [name, method] : methods) {
    if (method.threshold.count == 0) continue;
    if (only.count > 0) return {};
    only = method.threshold;
  }
  return only;
}

std::string DecisionCounts::method() const {
  if (methods.empty()) return {};
  return methods.size() == 1 ? methods.begin()->first : std::string(kMixed);
}

int64_t countOf(const DecisionCounts::Choices& choices) {
  int64_t cells = 0;
  for (const auto& [choice, count] : choices) cells += count;
  return cells;
}

std::string choicesText(const DecisionCounts::Choices& choices) {
  std::vector<std::pair<std::string, int64_t>> order(choices.begin(), choices.end());
  std::ranges::stable_sort(order, std::greater(), &std::pair<std::string, int64_t>::second);
  std::string text;
  for (const auto& [choice, cells] : order) {
    const std::string name = choice.empty() ? "unnamed" : plainText(choice);
    if (order.size() == 1) return name;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, formatCount(cells));
  }
  return text;
}

}  // namespace ditscope::analyzer
