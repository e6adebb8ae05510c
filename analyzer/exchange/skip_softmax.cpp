// SPDX-License-Identifier: Apache-2.0
#include "analyzer/exchange/skip_softmax.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/exchange/exchange_file.h"

namespace ditscope::analyzer {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxPatterns = 4096, kMaxPatternBytes = 256;
constexpr const char* kRemedy = "give the config.json of a component with sparse_attention_config";

class GroupParser {
 public:
  GroupParser(const ExchangeInput& input, const Json& root) : m_input(input), m_root(root) {}

  SkipGroup parse() const {
    if (!m_root.is_object()) refuse("it is no object");
    if (m_root.contains("skip_softmax")) return parseUserSettings(m_root["skip_softmax"]);
    const Json& group = findGroup();
    SkipGroup result;
    result.setting = settingOf(group);
    result.targets = texts(group, "targets");
    result.ignore = texts(group, "ignore");
    result.gate = number(group, "disabled_until_timestep", 0, 1);
    if (const auto steps = number(group, "initial_disabled_steps", 0, 1e6))
      result.disabledSteps = int32_t(*steps);
    return result;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { refuseImport(m_input, why, kRemedy); }

  std::optional<double> number(const Json& object, const char* key, double least, double most) const {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return {};
    const double value = found->is_number() ? found->get<double>() : std::nan("");
    if (!(value >= least && value <= most))
      refuse(fmt::format("{} is no number from {:g} to {:g}", key, least, most));
    return value;
  }

  std::vector<std::string> texts(const Json& object, const char* key) const {
    const auto found = object.find(key);
    if (found == object.end()) return {};
    if (!found->is_array() || found->size() > kMaxPatterns)
      refuse(fmt::format("{} is no list of texts", key));
    for (const Json& text : *found)
      if (!text.is_string() || text.get_ref<const std::string&>().size() > kMaxPatternBytes)
        refuse(fmt::format("{} is no list of texts of up to {} bytes", key, kMaxPatternBytes));
    return *found;
  }

  // vLLM-Omni: {"skip_softmax": {"threshold": lambda, "disabled_until_timestep": gate}}
  SkipGroup parseUserSettings(const Json& settings) const {
    if (!settings.is_object()) refuse("skip_softmax is no object");
    SkipGroup group;
    group.lambda = number(settings, "threshold", 0, 1e6);
    if (!group.lambda)
      refuse("its target sparsity needs the curve of the checkpoint, which is not in this file");
    group.gate = number(settings, "disabled_until_timestep", 0, 1);
    return group;
  }

  static bool isSkip(const Json& group) {
    return group.is_object() && (group.value("algorithm", Json()) == "skip_softmax" ||
                                 group.value("sparse_algo", Json()) == "softmax_skip");
  }

  const Json& findGroup() const {
    const Json& config =
        m_root.contains("sparse_attention_config") ? m_root["sparse_attention_config"] : m_root;
    if (!config.is_object()) refuse("sparse_attention_config is no object");
    if (isSkip(config)) return config;  // TensorRT-LLM's options
    const auto groups = config.find("config_groups");
    if (groups == config.end() || !groups->is_object()) refuse("it has no config_groups");
    const Json* found = nullptr;
    for (const auto& [name, group] : groups->items()) {
      if (!isSkip(group)) continue;
      if (found != nullptr) refuse("it has several groups of skip_softmax, of which there may be one");
      found = &group;
    }
    if (found == nullptr) refuse("none of its groups has the algorithm skip_softmax");
    return *found;
  }

  double targetOf(const Json& group) const {
    if (m_input.options.target) return *m_input.options.target;
    const auto found = group.find("target_sparsity");
    if (found == group.end()) refuseImport(m_input, "it has no target_sparsity", "give one with --target");
    const std::optional<double> target =
        found->is_object() ? number(*found, "prefill", 0, 1) : number(group, "target_sparsity", 0, 1);
    if (!target) refuseImport(m_input, "its target_sparsity is not for prefill", "give one with --target");
    return *target;
  }

  SkipSetting settingOf(const Json& group) const {
    const auto factor = group.find("threshold_scale_factor");
    if (factor == group.end()) refuse("it has no threshold_scale_factor");
    if (factor->is_number())
      return {.a = *number(group, "threshold_scale_factor", 0, 1e12), .b = 0, .target = 0};
    if (!factor->is_object()) refuse("threshold_scale_factor is neither an object nor a number");
    checkFormula(*factor);
    const char* const key =
        factor->contains("coefficients") ? "coefficients" : "prefill";  // diffusion only fills
    const auto curve = factor->find(key);
    if (curve == factor->end() || !curve->is_object()) refuse("threshold_scale_factor has no coefficients");
    const std::optional<double> a = number(*curve, "a", 0, 1e300), logA = number(*curve, "log_a", -700, 700),
                                b = number(*curve, "b", -1000, 1000);
    if ((!a && !logA) || !b) refuse("its coefficients are not a, or log_a, and b");
    return {.a = a ? *a : std::exp(*logA), .b = *b, .target = targetOf(group)};
  }

  // Both say the same: ln a is what the fit in log space yields.
  void checkFormula(const Json& factor) const {
    const Json formula = factor.value("formula", Json(kSkipFormula));
    std::string text = formula.is_string() ? formula.get<std::string>() : std::string();
    std::erase(text, ' ');
    if (text != "a*exp(b*target_sparsity)" && text != "exp(log_a+b*target_sparsity)")
      refuse(fmt::format("its formula is not {}", kSkipFormula));
  }

  const ExchangeInput& m_input;
  const Json& m_root;
};

bool areTexts(const Json& list) {
  return list.is_array() && std::ranges::all_of(list, [](const Json& text) { return text.is_string(); });
}

}  // namespace

SkipGroup parseSkipGroup(const ExchangeInput& input, const Json& settings) {
  return GroupParser(input, settings).parse();
}

nlohmann::ordered_json skipNote(const SkipGroup& group) {
  nlohmann::ordered_json note = nlohmann::ordered_json::object();
  if (!group.lambda) {
    note["a"] = group.setting.a;
    note["b"] = group.setting.b;
    note["target_sparsity"] = group.setting.target;
  }
  if (!group.targets.empty()) note["targets"] = group.targets;
  note["ignore"] = nlohmann::ordered_json(group.ignore);
  return note;
}

bool isSkipNote(const Json& note) {
  if (!note.is_object()) return false;
  const auto isNumber = [&](const char* key) { return !note.contains(key) || note[key].is_number(); };
  const bool curve = note.contains("a") == note.contains("b") &&
                     note.contains("a") == note.contains("target_sparsity") && isNumber("a") &&
                     isNumber("b") && isNumber("target_sparsity");
  const auto isList = [&](const char* key) { return !note.contains(key) || areTexts(note[key]); };
  return curve && isList("targets") && isList("ignore");
}

}  // namespace ditscope::analyzer
