// SPDX-License-Identifier: Apache-2.0
// A method made of methods: a sparsity configuration says which one computes each (step, layer, head,
// branch). Heads of a call that share a choice are planned together, by an object of their own; their
// launches run one after the other. The schedule of the configuration goes first: dense steps are dense
// whatever the method says (it is told beforehand, so that it may search in the last of them), reuse steps
// run the group's last sparse launches again.
#pragma once

#include <filesystem>

#include "collector/methods/registry.h"
#include "db/config.h"

namespace ditscope::collector {

// "NAME:key=value,..." as parseMethod() reads it.
[[nodiscard]] std::string methodText(const db::MethodChoice& choice);

// `what` names the configuration in errors. Throws db::Error for a method or parameter that does not exist.
[[nodiscard]] MethodMaker configuredMethod(const db::SparsityConfig& config, const std::string& what);

// Throws db::Error, naming the number that differs, when the configuration is for another model or run.
void checkFits(const db::SparsityConfig& config, const std::string& what, const db::Run& run);

}  // namespace ditscope::collector
