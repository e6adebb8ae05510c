// SPDX-License-Identifier: Apache-2.0
#include "analyzer/exchange/module_names.h"

#include <algorithm>

#include "db/error.h"

namespace ditscope::analyzer {
namespace {

// The end of the set that begins at `open`, or npos when it never closes and is an ordinary character.
size_t closeOf(std::string_view pattern, size_t open) {
  size_t at = open + 1;
  if (at < pattern.size() && pattern[at] == '!') ++at;
  return pattern.find(']', at + 1);  // a ] at the front belongs to the set
}

bool inSet(char c, std::string_view set) {
  const bool negated = set.starts_with('!');
  if (negated) set.remove_prefix(1);
  bool found = false;
  for (size_t i = 0; i < set.size(); ++i) {
    if (i + 2 < set.size() && set[i + 1] == '-') {
      found = found || (c >= set[i] && c <= set[i + 2]);
      i += 2;
    } else {
      found = found || c == set[i];
    }
  }
  return found != negated;
}

// Whether one character fits the pattern at `at`, and where the pattern goes on.
bool fits(char c, std::string_view pattern, size_t at, size_t& next) {
  next = at + 1;
  if (pattern[at] == '?') return true;
  const size_t close = pattern[at] == '[' ? closeOf(pattern, at) : std::string_view::npos;
  if (close == std::string_view::npos) return pattern[at] == c;
  next = close + 1;
  return inSet(c, pattern.substr(at + 1, close - at - 1));
}

}  // namespace

bool matchesPattern(std::string_view text, std::string_view pattern) {
  size_t t = 0, p = 0;
  size_t star = std::string_view::npos, starText = 0;  // only the last star has to be tried again
  while (t < text.size()) {
    size_t next = 0;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      starText = t;
    } else if (p < pattern.size() && fits(text[t], pattern, p, next)) {
      p = next;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++starText;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string moduleOfLayer(const std::string& prefix, int32_t layer) {
  const size_t place = prefix.find("{}");
  if (place == std::string::npos)
    throw db::Error(db::Error::Kind::BadInput, "--prefix " + prefix, "it has no place for the layer's number",
                    "write {} there, as in transformer_blocks.{}.attn1");
  return prefix.substr(0, place) + std::to_string(layer) + prefix.substr(place + 2);
}

LayerModules::LayerModules(const db::ConfigModel& model, const std::string& prefix)
    : m_prefix(!prefix.empty()                      ? prefix
               : model.className.starts_with("Wan") ? "blocks.{}.attn1"
                                                    : "transformer_blocks.{}.attn1") {}

std::vector<int32_t> LayerModules::matching(const nlohmann::json& patterns, int32_t layers) const {
  std::vector<int32_t> found;
  for (int32_t layer = 0; layer < layers; ++layer) {
    const std::string own = name(layer);
    const bool any = std::ranges::any_of(patterns, [&](const nlohmann::json& pattern) {
      return matchesPattern(own, pattern.get_ref<const std::string&>());
    });
    if (any) found.push_back(layer);
  }
  return found;
}

}  // namespace ditscope::analyzer
