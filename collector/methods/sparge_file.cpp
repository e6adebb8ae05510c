// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/sparge_file.h"

#include <fmt/format.h>

#include <regex>

#include "db/error.h"
#include "db/torch_file.h"

namespace ditscope::collector {
namespace {

using Fields = std::map<std::string, const db::TorchTensor*>;  // of one layer

class SpargeFile {
 public:
  explicit SpargeFile(const std::filesystem::path& file)
      : m_name(file.string()), m_tensors(db::readTensorMap(file)) {
    static const std::regex pattern(R"((?:.*\.)?(?:transformer_)?blocks\.(\d{1,6})\.(?:.*\.)?)"
                                    R"((is_sparse|cdfthreshd|simthreshd1|pvthreshd))");
    for (const auto& [name, tensor] : m_tensors) {
      std::smatch match;
      if (!std::regex_match(name, match, pattern)) continue;
      if (!m_layers[std::stoi(match[1])].emplace(match[2], &tensor).second) {
        refuse(fmt::format("layer {} has two tensors for {}", match[1].str(), match[2].str()),
               "keep those of self-attention");
      }
    }
    if (m_layers.empty()) {
      refuse("it holds no parameters of SpargeAttn",
             "give a file with names like transformer_blocks.0.attn1.inner_attention.cdfthreshd");
    }
  }

  [[nodiscard]] SpargeHeads heads(const SamplingPlan& plan) const {
    const int layers = m_layers.rbegin()->first + 1;
    if (layers != plan.layers || int(m_layers.size()) != plan.layers) {
      refuse(fmt::format("it has {} layers, the last of number {}; the model has {}", m_layers.size(),
                         layers - 1, plan.layers),
             "use the file that was tuned for this model");
    }
    SpargeHeads all;
    for (const auto& [layer, fields] : m_layers) {
      std::vector<SpargeHead>& heads = all.emplace_back(size_t(plan.heads));
      for (size_t h = 0; h < heads.size(); ++h) {
        heads[h].sparse = value(layer, fields, "is_sparse", h, plan.heads, 1) != 0;
        heads[h].cdfthreshd = value(layer, fields, "cdfthreshd", h, plan.heads, 1);
        heads[h].simthreshd1 = value(layer, fields, "simthreshd1", h, plan.heads, 1);
        heads[h].pvthreshd = value(layer, fields, "pvthreshd", h, plan.heads, 1000);
        if (heads[h].cdfthreshd < 0 || heads[h].pvthreshd < 0) {
          refuse(fmt::format("layer {} head {} has a negative threshold", layer, h), "tune it again");
        }
      }
    }
    return all;
  }

 private:
  [[nodiscard]] double value(int layer, const Fields& fields, const std::string& field, size_t head,
                             int heads, double most) const {
    const auto found = fields.find(field);
    if (found == fields.end()) {
      refuse(fmt::format("layer {} has no {}", layer, field), "save all fields of the tuned model");
    }
    const db::TorchTensor& tensor = *found->second;
    if (int(tensor.values.size()) != heads) {
      refuse(fmt::format("layer {} has {} of {} heads; the model has {}", layer, field, tensor.values.size(),
                         heads),
             "use the file that was tuned for this model");
    }
    const double value = tensor.values[head];
    if (!(std::abs(value) <= most)) {
      refuse(fmt::format("layer {} head {} has {} {}", layer, head, field, value), "tune it again");
    }
    return value;
  }

  [[noreturn]] void refuse(const std::string& why, const std::string& remedy) const {
    throw db::Error(db::Error::Kind::BadInput, m_name, why, remedy);
  }

  std::string m_name;
  db::TorchTensorMap m_tensors;
  std::map<int, Fields> m_layers;
};

}  // namespace

SpargeHeads readSpargeHeads(const std::filesystem::path& file, const SamplingPlan& plan) {
  return SpargeFile(file).heads(plan);
}

}  // namespace ditscope::collector
