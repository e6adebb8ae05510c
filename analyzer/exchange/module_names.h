// SPDX-License-Identifier: Apache-2.0
// The names by which other tools call the attention of a layer, and patterns over them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "db/config.h"

namespace ditscope::analyzer {

// Patterns as Python's fnmatch has them: *, ?, [abc], [a-z], [!abc]; no escapes. Time is the product of
// sizes.
[[nodiscard]] bool matchesPattern(std::string_view text, std::string_view pattern);

// `prefix` with {} for the number of the layer, in its first such place; throws db::Error without one.
[[nodiscard]] std::string moduleOfLayer(const std::string& prefix, int32_t layer);

class LayerModules {
 public:
  // `prefix` empty: as diffusers names the self-attention of this class.
  LayerModules(const db::ConfigModel& model, const std::string& prefix);
  [[nodiscard]] std::string name(int32_t layer) const { return moduleOfLayer(m_prefix, layer); }
  // Layers whose name matches one of the patterns (a JSON list of texts), rising.
  [[nodiscard]] std::vector<int32_t> matching(const nlohmann::json& patterns, int32_t layers) const;

 private:
  std::string m_prefix;
};

}  // namespace ditscope::analyzer
