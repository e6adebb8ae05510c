// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "collector/methods/host_method.h"
#include "db/error.h"

namespace ditscope::collector {

MethodInfo dense(), window(), topk(), topp(), adaspa(), blasst(), dynsparse(), svg(), svg2(), sta(), radial(),
    rettention(), ditfastattn(), sparge(), minference(), xattention();  // each in the file of its name

const std::vector<MethodInfo>& methods() {
  static const std::vector<MethodInfo> all = {
      dense(), window(), topk(),   topp(),       adaspa(),      blasst(), dynsparse(),  svg(),
      svg2(),  sta(),    radial(), rettention(), ditfastattn(), sparge(), minference(), xattention()};
  return all;
}

const MethodInfo& methodNamed(const std::string& name) {
  const auto info = std::ranges::find(methods(), name, &MethodInfo::name);
  if (info == methods().end()) {
    throw db::Error(db::Error::Kind::BadInput, "method " + name, "there is no such method",
                    "choose one of " + methodNames());
  }
  return *info;
}

std::string methodNames() {
  std::vector<std::string> names;
  for (const MethodInfo& method : methods()) names.push_back(method.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

MethodMaker parseMethod(const std::string& text) {
  const size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const MethodInfo* info = &methodNamed(name);
  const Parameters parameters(name, info->parameters,
                              colon == std::string::npos ? "" : text.substr(colon + 1));
  return [info, parameters](const SamplingPlan& plan) {
    std::unique_ptr<Method> method = info->make(parameters, plan);
    method->name = info->name;
    return info->onDevice ? std::move(method) : onHost(std::move(method));
  };
}

}  // namespace ditscope::collector
