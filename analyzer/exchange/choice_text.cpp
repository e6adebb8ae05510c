// SPDX-License-Identifier: Apache-2.0
#include "analyzer/exchange/choice_text.h"

#include <fmt/format.h>

#include <charconv>

namespace ditscope::analyzer {

std::string parameterText(const db::ParameterValue& value) {
  if (const bool* on = std::get_if<bool>(&value)) return *on ? "on" : "off";
  if (const double* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  return std::get<std::string>(value);
}

std::string choiceText(const db::MethodChoice& choice) {
  std::string text = choice.method;
  char before = ':';
  for (const auto& [key, value] : choice.parameters) {
    text += before + key + '=' + parameterText(value);
    before = ',';
  }
  return text;
}

std::optional<double> numberParameter(const db::MethodChoice& choice, const std::string& key) {
  const auto found = choice.parameters.find(key);
  if (found == choice.parameters.end()) return {};
  if (const double* number = std::get_if<double>(&found->second)) return *number;
  const std::string text = parameterText(found->second);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

std::string textParameter(const db::MethodChoice& choice, const std::string& key) {
  const auto found = choice.parameters.find(key);
  return found == choice.parameters.end() ? std::string() : parameterText(found->second);
}

bool sameSetting(const db::MethodChoice& a, const db::MethodChoice& b) {
  return a.method == b.method && a.parameters == b.parameters && a.extensions == b.extensions;
}

}  // namespace ditscope::analyzer
