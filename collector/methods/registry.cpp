// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/registry.h"

#include <fmt/format.h>

#include <algorithm>

#include "db/error.h"

namespace ditscope::collector {

MethodInfo dense(), window(), topk(), svg(), svg2(), sta(), radial(), topp(), adaspa(), blasst(), dynsparse(),
    rettention(), ditfastattn();  // each in the file of its name

const std::vector<MethodInfo>& methods() {
  static const std::vector<MethodInfo> all = {dense(),     window(),     topk(),       svg(),    svg2(),
                                              sta(),       radial(),     topp(),       adaspa(), blasst(),
                                              dynsparse(), rettention(), ditfastattn()};
  return all;
}

MethodMaker parseMethod(const std::string& text) {
  const size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const auto info =
      std::find_if(methods().begin(), methods().end(), [&name](const auto& m) { return m.name == name; });
  if (info == methods().end()) {
    std::vector<std::string> names;
    names.reserve(methods().size());
    for (const MethodInfo& method : methods()) {
      names.push_back(method.name);
    }
    throw db::Error(db::Error::Kind::BadInput, "method " + name, "there is no such method",
                    fmt::format("choose one of {}", fmt::join(names, ", ")));
  }
  const Parameters parameters(name, info->parameters,
                              colon == std::string::npos ? "" : text.substr(colon + 1));
  return [info, parameters](const SamplingPlan& plan) {
    std::unique_ptr<Method> method = info->make(parameters, plan);
    method->name = info->name;
    return method;
  };
}

std::string methodsHelp() {
  std::string text;
  for (const MethodInfo& method : methods()) {
    text += fmt::format("  {:<12} {}\n", method.name, method.help);
    for (const ParameterSpec& spec : method.parameters) {
      const std::string range = spec.anyText           ? "text"
                                : spec.choices.empty() ? fmt::format("{} to {}", spec.min, spec.max)
                                                       : fmt::format("{}", fmt::join(spec.choices, "|"));
      text += fmt::format("    {}={}  {} ({})\n", spec.key, spec.value, spec.help, range);
    }
  }
  return text;
}

}  // namespace ditscope::collector
