// SPDX-License-Identifier: Apache-2.0
// The plan of DiTFastAttn as ditscope collect plan writes and reads it: JSON with "steps", a list
// [step][layer] of the authors' names, and the window as a share of the tokens.
#include <fmt/format.h>

#include "analyzer/exchange/ditfastattn_plan.h"
#include "analyzer/exchange/exchange_file.h"

namespace ditscope::analyzer {
namespace {

constexpr const char* kSchema = "ditscope.compression-plan/1";

void writePlan(const db::SparsityConfig& config, const ExchangeOptions&, const std::filesystem::path& path,
               LossReport& report) {
  const FastAttnPlan plan = planOf(config, report);
  const nlohmann::ordered_json json = {{"schema", kSchema}, {"window", plan.window}, {"steps", plan.steps}};
  writeExchangeFile(path, pythonJson(json) + "\n");
}

db::SparsityConfig readPlan(const ExchangeInput& input, LossReport& report) {
  const auto refuse = [&](const std::string& why) {
    refuseImport(input, why, "make a plan with ditscope collect plan");
  };
  const nlohmann::json json = parseImport(input);
  if (!json.is_object() || json.value("schema", nlohmann::json()) != kSchema)
    refuse(fmt::format("its schema is not {}", kSchema));
  FastAttnPlan plan;
  const nlohmann::json window = json.value("window", nlohmann::json());
  plan.window = window.is_number() ? window.get<double>() : -1;
  if (!(plan.window >= 0 && plan.window <= 1)) refuse("window is no number from 0 to 1");
  const nlohmann::json steps = json.value("steps", nlohmann::json());
  if (!steps.is_array() || steps.empty() || !steps[0].is_array()) refuse("steps is no list of steps");
  for (size_t step = 0; step < steps.size(); ++step) {
    if (!steps[step].is_array() || steps[step].size() != steps[0].size())
      refuse(fmt::format("step {} has not the layers of step 0", step));
    std::vector<std::string>& layers = plan.steps.emplace_back();
    for (const nlohmann::json& name : steps[step]) {
      if (!name.is_string() || !isTreatment(name.get_ref<const std::string&>()))
        refuse(fmt::format("step {} layer {} has none of its methods", step, layers.size()));
      layers.push_back(name);
    }
  }
  return configOf(plan, input, report);
}

}  // namespace

ExchangeFormat ditfastattnExchange() {
  return {.name = "ditfastattn",
          .help = "plan of DiTFastAttn, as ditscope collect plan has it",
          .extension = ".json",
          .write = writePlan,
          .read = readPlan};
}

}  // namespace ditscope::analyzer
