// SPDX-License-Identifier: Apache-2.0
#include "collector/methods_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>

#include "collector/methods/registry.h"

namespace ditscope::collector {
namespace {

constexpr const char* kMethodsHelp = R"(
Examples:
  ditscope methods                        all of them
  ditscope methods sparge                 one
  ditscope collect --model demo-video --out run.db --method sparge:cdfthreshd=0.9,dense_steps=4

Exit codes: 0 printed, 3 no such method.
)";

std::string rangeOf(const ParameterSpec& spec) {
  if (spec.anyText) return "text";
  if (!spec.choices.empty()) return fmt::format("{}", fmt::join(spec.choices, "|"));
  return fmt::format("{}{} to {}", spec.integer ? "integer " : "", spec.min, spec.max);
}

std::string parameterTable(const std::vector<ParameterSpec>& parameters) {
  std::vector<std::array<std::string, 4>> rows = {{"key", "default", "range", "meaning"}};
  for (const ParameterSpec& spec : parameters)
    rows.push_back({spec.key, spec.value.empty() ? "-" : spec.value, rangeOf(spec), spec.help});
  std::array<size_t, 3> widths = {};
  for (const auto& row : rows)
    for (size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const auto& row : rows)
    text += fmt::format("    {:<{}}  {:<{}}  {:<{}}  {}\n", row[0], widths[0], row[1], widths[1], row[2],
                        widths[2], row[3]);
  return text;
}

std::string page(const MethodInfo& method) {
  std::string text = fmt::format("{}: {}\n", method.name, method.help);
  if (!method.source.empty()) text += fmt::format("  source  {}\n", method.source);
  text += fmt::format("  cost    {}\n", method.cost);
  if (method.knob) {
    text += fmt::format("  density grows with {} from {} to {}\n", method.knob->key, method.knob->sparsest,
                        method.knob->densest);
  }
  return text + (method.parameters.empty() ? "" : parameterTable(method.parameters));
}

nlohmann::ordered_json toJson(const ParameterSpec& spec) {
  nlohmann::ordered_json json = {{"key", spec.key}, {"default", spec.value}, {"help", spec.help}};
  if (spec.anyText) {
    json["type"] = "text";
  } else if (!spec.choices.empty()) {
    json["type"] = "word";
    json["choices"] = spec.choices;
  } else {
    json["type"] = spec.integer ? "integer" : "number";
    json["min"] = spec.min;
    json["max"] = spec.max;
  }
  return json;
}

nlohmann::ordered_json toJson(const MethodInfo& method) {
  nlohmann::ordered_json json = {
      {"name", method.name}, {"help", method.help}, {"source", method.source}, {"cost", method.cost}};
  json["knob"] = nullptr;
  if (method.knob) {
    json["knob"] = {{"key", method.knob->key},
                    {"sparsest", method.knob->sparsest},
                    {"densest", method.knob->densest},
                    {"logarithmic", method.knob->logarithmic}};
  }
  json["parameters"] = nlohmann::ordered_json::array();
  for (const ParameterSpec& spec : method.parameters) json["parameters"].push_back(toJson(spec));
  return json;
}

}  // namespace

std::string methodsText(const std::vector<MethodInfo>& methods) {
  std::vector<std::string> pages;
  for (const MethodInfo& method : methods) pages.push_back(page(method));
  return fmt::format("{}", fmt::join(pages, "\n"));
}

std::string methodsJson(const std::vector<MethodInfo>& methods) {
  nlohmann::ordered_json json = {{"schema", "ditscope.methods/1"}};
  json["methods"] = nlohmann::ordered_json::array();
  for (const MethodInfo& method : methods) json["methods"].push_back(toJson(method));
  return json.dump(2) + "\n";
}

std::function<int()> addMethodsCommand(CLI::App& program) {
  struct Options {
    std::string name;
    bool json = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("methods", "the sparsity methods and their parameters");
  command->add_option("NAME", options->name, "only this method")->type_name("");
  command->add_flag("--json", options->json, "one JSON object");
  command->footer(kMethodsHelp);
  program.require_subcommand(1);
  return [options] {
    const std::vector<MethodInfo> shown =
        options->name.empty() ? methods() : std::vector<MethodInfo>{methodNamed(options->name)};
    fmt::print("{}", options->json ? methodsJson(shown) : methodsText(shown));
    return 0;
  };
}

}  // namespace ditscope::collector
