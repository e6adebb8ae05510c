// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/compression_plan.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "collector/json_file.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

using Attention = Treatment::Attention;

constexpr const char* kSchema = "ditscope.compression-plan/1";
constexpr const char* kRemedy = "make a plan with ditscope collect plan";
constexpr size_t kMaxCells = 1'000'000;  // steps x layers; far more than any model has

constexpr std::array<std::pair<const char*, Treatment>, 5> kNames = {{
    {"full_attn", {Attention::Full, false}},
    {"full_attn+cfg_attn_share", {Attention::Full, true}},
    {"residual_window_attn", {Attention::Window, false}},
    {"residual_window_attn+cfg_attn_share", {Attention::Window, true}},
    {"output_share", {Attention::Share, false}},
}};

class PlanReader {
 public:
  explicit PlanReader(const std::filesystem::path& file)
      : m_file(file), m_json(readJsonObject(file)) {}

  [[nodiscard]] CompressionPlan read() const {
    if (m_json.value("schema", nlohmann::json()) != kSchema)
      refuse(fmt::format("its schema is not {}", kSchema));
    const nlohmann::json steps = m_json.value("steps", nlohmann::json());
    if (!steps.is_array() || steps.empty() || !steps[0].is_array() || steps[0].empty() ||
        steps.size() * steps[0].size() > kMaxCells) {
      refuse("steps is no list of steps with their layers");
    }
    CompressionPlan plan(int(steps.size()), int(steps[0].size()));
    plan.window = window();
    for (size_t step = 0; step < steps.size(); ++step) {
      if (!steps[step].is_array() || steps[step].size() != steps[0].size()) {
        refuse(fmt::format("step {} has not the {} layers of step 0", step, steps[0].size()));
      }
      for (size_t layer = 0; layer < steps[step].size(); ++layer) {
        plan.at(int(step), int(layer)) = treatment(steps[step][layer], step, layer);
      }
    }
    return plan;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw db::Error(db::Error::Kind::BadInput, "compression plan " + m_file.string(), why, kRemedy);
  }

  [[nodiscard]] double window() const {
    const nlohmann::json value = m_json.value("window", nlohmann::json());
    if (!value.is_number() || !(value.get<double>() >= 0 && value.get<double>() <= 1)) {
      refuse("window is no number from 0 to 1");
    }
    return value.get<double>();
  }

  [[nodiscard]] Treatment treatment(const nlohmann::json& name, size_t step, size_t layer) const {
    for (const auto& [known, treatment] : kNames) {
      if (name == known) return treatment;
    }
    const std::string text = name.is_string() ? name.get<std::string>().substr(0, 64) : name.type_name();
    refuse(fmt::format("step {}, layer {}: '{}' is none of its methods", step, layer, text));
  }

  const std::filesystem::path& m_file;
  nlohmann::json m_json;
};

}  // namespace

std::string nameOf(const Treatment& treatment) {
  for (const auto& [name, known] : kNames) {
    if (treatment == known) return name;
  }
  return "output_share";  // whose branches each have an output of their own
}

CompressionPlan::CompressionPlan(int steps, int layers)
    : m_steps(steps), m_layers(layers), m_treatments(size_t(steps) * size_t(layers)) {}

CompressionPlan CompressionPlan::read(const std::filesystem::path& file) {
  return PlanReader(file).read();
}

nlohmann::json CompressionPlan::toJson() const {
  nlohmann::json steps = nlohmann::json::array();
  for (int step = 0; step < m_steps; ++step) {
    nlohmann::json layers = nlohmann::json::array();
    for (int layer = 0; layer < m_layers; ++layer) layers.push_back(nameOf(at(step, layer)));
    steps.push_back(std::move(layers));
  }
  return {{"schema", kSchema}, {"window", window}, {"steps", std::move(steps)}};
}

bool CompressionPlan::needsResidual(int step, int layer) const {
  for (int later = step + 1; later < m_steps; ++later) {
    const Attention attention = at(later, layer).attention;
    if (attention != Attention::Share) return attention == Attention::Window;
  }
  return false;
}

bool CompressionPlan::needsOutput(int step, int layer) const {
  return step + 1 < m_steps && at(step + 1, layer).attention == Attention::Share;
}

}  // namespace ditscope::collector
