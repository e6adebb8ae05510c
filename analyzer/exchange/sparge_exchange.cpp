// SPDX-License-Identifier: Apache-2.0
// The state dictionary that SpargeAttn's tuner saves and its loader takes (arXiv 2502.18137, code): a
// torch.save dictionary of tensors [H], named `<module path of a layer's attention>.<field>`: is_sparse
// (bool), cdfthreshd, simthreshd1, simthreshd2 (zeros, never used) and pvthreshd (float32). It has no steps
// and no branches, and of the method only its cumulative mode. Its kernel does not look at is_sparse: dense
// heads also have cdfthreshd = simthreshd1 = 1, so that no block is similar and all are kept.
#include <fmt/format.h>

#include <cmath>
#include <regex>

#include "analyzer/exchange/choice_text.h"
#include "analyzer/exchange/exchange_file.h"
#include "analyzer/exchange/head_choices.h"
#include "analyzer/exchange/module_names.h"
#include "db/text.h"
#include "db/torch_file.h"

namespace ditscope::analyzer {
namespace {

constexpr const char* kModule = "transformer_blocks.{}.attn1.inner_attention";
constexpr const char* kModuleNote = "x-sparge-module";      // of a configuration that was imported
constexpr const char* kDensePvNote = "x-sparge-pvthreshd";  // of a dense head, where it has no effect
constexpr double kDefaultCdf = 0.98, kDefaultSimilarity = 0.6, kDefaultPv = 50;  // of the method

struct SpargeFields {
  bool sparse = false;
  double cdfthreshd = 1, simthreshd1 = 1, pvthreshd = kDefaultPv;
};

std::string noteText(const db::Extensions& notes, const char* key) {  // of a JSON text, else empty
  const auto found = notes.find(key);
  if (found == notes.end()) return {};
  const auto json = nlohmann::json::parse(found->second, nullptr, false);
  return json.is_string() ? json.get<std::string>() : std::string();
}

std::string moduleOf(const db::SparsityConfig& config, const ExchangeOptions& options) {
  const std::string note = noteText(config.extensions, kModuleNote);
  return !options.module.empty() ? options.module : !note.empty() ? note : kModule;
}

SpargeFields fieldsOf(const db::MethodChoice& choice, HeadLosses& losses) {
  SpargeFields head;
  if (choice.method == "dense") {
    const auto note = choice.extensions.find(kDensePvNote);
    const auto json = note == choice.extensions.end() ? nlohmann::json()
                                                      : nlohmann::json::parse(note->second, nullptr, false);
    if (json.is_number()) head.pvthreshd = json.get<double>();
    return head;
  }
  if (choice.method != "sparge") {
    losses.add(fmt::format("method {}, written as dense", choice.method));
    return head;
  }
  if (textParameter(choice, "mode") == "topk" || !textParameter(choice, "params").empty()) {
    losses.add("sparge by mode=topk or by a file of its own, written as dense");
    return head;
  }
  losses.addParameters(choice, {"mode", "cdfthreshd", "simthreshd1", "pvthreshd", "topk"});
  head.sparse = true;
  head.cdfthreshd = numberParameter(choice, "cdfthreshd").value_or(kDefaultCdf);
  head.simthreshd1 = numberParameter(choice, "simthreshd1").value_or(kDefaultSimilarity);
  head.pvthreshd = numberParameter(choice, "pvthreshd").value_or(kDefaultPv);
  return head;
}

void writeSparge(const db::SparsityConfig& config, const ExchangeOptions& options,
                 const std::filesystem::path& path, LossReport& report) {
  const std::string module = moduleOf(config, options);
  const HeadChoices choices(config, FormatAxes::Heads, report);
  HeadLosses losses;
  db::TorchTensorMap tensors;
  for (int32_t layer = 0; layer < config.model.layers; ++layer) {
    const std::string prefix = moduleOfLayer(module, layer) + '.';
    const auto tensor = [&](const char* field, db::TorchDType dtype) -> std::vector<double>& {
      db::TorchTensor& made = tensors[prefix + field];
      made.dtype = dtype;
      made.shape = {config.model.heads};
      return made.values;
    };
    auto& sparse = tensor("is_sparse", db::TorchDType::Bool);
    auto& cdf = tensor("cdfthreshd", db::TorchDType::F32);
    auto& similarity = tensor("simthreshd1", db::TorchDType::F32);
    auto& pv = tensor("pvthreshd", db::TorchDType::F32);
    tensor("simthreshd2", db::TorchDType::F32).assign(size_t(config.model.heads), 0);
    for (int32_t head = 0; head < config.model.heads; ++head) {
      const SpargeFields fields = fieldsOf(choices.at(layer, head), losses);
      sparse.push_back(fields.sparse ? 1 : 0);
      cdf.push_back(fields.cdfthreshd);
      similarity.push_back(fields.simthreshd1);
      pv.push_back(fields.pvthreshd);
    }
  }
  losses.report(report);
  db::writeTensorMap(path, tensors);
}

// The shortest number that is the same float32, so that a configuration says 0.957 and not 0.95700001716.
double shortest(double value) {
  return std::stod(fmt::format("{}", float(value)));
}

class SpargeReader {
 public:
  explicit SpargeReader(const ExchangeInput& input) : m_input(input) {
    const db::TorchValue value = db::parseTorchFile(std::as_bytes(std::span(input.bytes)), input.name);
    const auto* dict = value.as<db::TorchValue::Dict>();
    if (dict == nullptr) refuse("it holds no dictionary");
    for (const db::TorchEntry& entry : *dict) {
      const auto* name = entry.key.as<std::string>();
      const auto* tensor = entry.value.as<db::TorchTensor>();
      if (name != nullptr && tensor != nullptr) take(*name, *tensor);
    }
    if (m_layers.empty()) refuse("it holds no parameters of SpargeAttn");
  }

  db::SparsityConfig config() const {
    const size_t heads = m_layers.begin()->second.begin()->second.values.size();
    requireShape(m_input, size_t(m_layers.rbegin()->first) + 1, heads);
    if (m_layers.size() != size_t(m_layers.rbegin()->first) + 1)
      refuse(
          fmt::format("it has {} layers, the last of number {}", m_layers.size(), m_layers.rbegin()->first));
    ImportedChoices choices(*m_input.like);
    for (const auto& [layer, fields] : m_layers)
      for (int32_t head = 0; head < int32_t(heads); ++head)
        choices.setAllSteps(layer, head, choiceOf(layer, fields, head));
    db::SparsityConfig config = choices.config();
    if (m_module != kModule) config.extensions[kModuleNote] = nlohmann::json(m_module).dump();
    return config;
  }

 private:
  using Fields = std::map<std::string, db::TorchTensor>;

  [[noreturn]] void refuse(const std::string& why) const {
    refuseImport(m_input, why,
                 "give a file with names like transformer_blocks.0.attn1.inner_attention.cdfthreshd");
  }

  void take(const std::string& name, const db::TorchTensor& tensor) {
    static const std::regex pattern(R"(((?:.*\.)?(?:transformer_)?blocks\.)(\d{1,5})(\.(?:.*\.)?)"
                                    R"()(is_sparse|cdfthreshd|simthreshd1|pvthreshd))");
    std::smatch match;
    if (name.size() > 500 || !std::regex_match(name, match, pattern)) return;
    const std::string tail = match[3].str();
    const std::string module = match[1].str() + "{}" + tail.substr(0, tail.size() - 1);
    if (m_module.empty()) m_module = module;
    if (m_module != module)
      refuse(fmt::format("it has parameters of both {} and {}", db::quotedText(m_module),
                         db::quotedText(module)));
    m_layers[std::stoi(match[2])].emplace(match[4], tensor);
  }

  double value(int32_t layer, const Fields& fields, const char* field, int32_t head, double least,
               double most) const {
    const auto found = fields.find(field);
    if (found == fields.end()) refuse(fmt::format("layer {} has no {}", layer, field));
    const std::vector<double>& values = found->second.values;
    if (values.size() != size_t(m_input.like->model.heads))
      refuse(fmt::format("layer {} has {} of {} heads, not of {}", layer, field, values.size(),
                         m_input.like->model.heads));
    const double value = values[size_t(head)];
    if (!(value >= least && value <= most))
      refuse(fmt::format("layer {} head {} has {} {}", layer, head, field, value));
    return shortest(value);
  }

  db::MethodChoice choiceOf(int32_t layer, const Fields& fields, int32_t head) const {
    const double cdf = value(layer, fields, "cdfthreshd", head, 0, 1);
    const double similarity = value(layer, fields, "simthreshd1", head, -1, 1);
    const double pv = value(layer, fields, "pvthreshd", head, 0, 1000);
    if (value(layer, fields, "is_sparse", head, 0, 1) != 0)
      return {.method = "sparge",
              .parameters = {{"cdfthreshd", cdf}, {"simthreshd1", similarity}, {"pvthreshd", pv}}};
    db::MethodChoice dense;
    if (pv != kDefaultPv) dense.extensions[kDensePvNote] = nlohmann::json(pv).dump();
    return dense;
  }

  const ExchangeInput& m_input;
  std::string m_module;
  std::map<int32_t, Fields> m_layers;
};

}  // namespace

ExchangeFormat spargeExchange() {
  return {.name = "sparge",
          .help = "state dictionary of SpargeAttn's tuner (torch.save)",
          .extension = ".pt",
          .write = writeSparge,
          .read = [](const ExchangeInput& input, LossReport&) { return SpargeReader(input).config(); }};
}

}  // namespace ditscope::analyzer
