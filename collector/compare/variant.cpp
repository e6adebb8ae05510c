// SPDX-License-Identifier: Apache-2.0
#include "collector/compare/variant.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "collector/methods/registry.h"
#include "db/error.h"

namespace ditscope::collector::compare {
namespace {

const ParameterSpec* specOf(const MethodInfo& info, const std::string& key) {
  const auto found = std::ranges::find(info.parameters, key, &ParameterSpec::key);
  return found == info.parameters.end() ? nullptr : &*found;
}

bool fixes(const std::string& parameters, const std::string& key) {  // "a=1,b=2"
  return (',' + parameters).find(',' + key + '=') != std::string::npos;
}

std::optional<double> numberOf(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

}  // namespace

std::string Variant::methodText(double value) const {
  if (!knob) return prefix.substr(0, prefix.size() - 1);
  return integerKnob ? fmt::format("{}{}={:.0f}", prefix, knob->key, value)
                     : fmt::format("{}{}={:.6g}", prefix, knob->key, value);
}

Variant parseVariant(const std::string& text, int denseSteps) {
  (void)parseMethod(text);  // refuses what is wrong in it
  const size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const std::string parameters = colon == std::string::npos ? "" : text.substr(colon + 1);
  const MethodInfo& info = *std::ranges::find(methods(), name, &MethodInfo::name);
  Variant variant{
      text, text + (parameters.empty() ? (colon == std::string::npos ? ":" : "") : ","), {}, false};
  if (info.knob && !fixes(parameters, info.knob->key)) {
    variant.knob = info.knob;
    variant.integerKnob = specOf(info, info.knob->key)->integer;
  }
  const auto schedule = [&](const std::string& key, int value) {
    if (specOf(info, key) != nullptr && !fixes(parameters, key)) {
      variant.prefix += fmt::format("{}={},", key, value);
    }
  };
  schedule("dense_steps", denseSteps);
  schedule("dense_layers", 0);
  return variant;
}

std::vector<std::string> defaultVariants() {
  std::vector<std::string> names;
  for (const MethodInfo& info : methods()) {
    if (info.knob) names.push_back(info.name);
  }
  return names;
}

double parseDensity(const std::string& text) {
  const size_t slash = text.find('/');
  const auto above = numberOf(std::string_view(text).substr(0, slash));
  const auto below =
      slash == std::string::npos ? std::optional(1.0) : numberOf(std::string_view(text).substr(slash + 1));
  const double density = above && below ? *above / *below : 0;
  if (!(density > 0 && density <= 1)) {
    db::refuseInput("--density " + text, "it is not a share in (0, 1]", "write for example 1/8 or 0.125");
  }
  return density;
}

std::string densityText(double density) {
  if (density == kAsGiven) return "as given";
  const double below = std::round(1 / density);
  return std::abs(below * density - 1) < 1e-9 ? fmt::format("1/{:.0f}", below)
                                              : fmt::format("{:.3g}", density);
}

}  // namespace ditscope::collector::compare
