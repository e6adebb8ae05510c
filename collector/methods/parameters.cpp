// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include "db/error.h"

namespace ditscope::collector {
namespace {

std::string allowed(const ParameterSpec& spec) {
  return spec.choices.empty()
             ? fmt::format("{} from {} to {}", spec.integer ? "an integer" : "a number", spec.min, spec.max)
             : fmt::format("one of {}", fmt::join(spec.choices, ", "));
}

std::string keysOf(const std::vector<ParameterSpec>& specs) {
  std::vector<std::string> keys;
  keys.reserve(specs.size());
  for (const ParameterSpec& spec : specs) {
    keys.push_back(spec.key);
  }
  return keys.empty() ? "it takes no parameters" : fmt::format("its keys are {}", fmt::join(keys, ", "));
}

}  // namespace

Parameters::Parameters(const std::string& method, const std::vector<ParameterSpec>& specs,
                       const std::string& text) {
  const std::string what = "method " + method;
  for (const ParameterSpec& spec : specs) {
    set(what, spec, spec.value);
  }
  std::istringstream stream(text);
  for (std::string item; std::getline(stream, item, ',');) {
    const size_t equals = item.find('=');
    const std::string key = item.substr(0, equals);
    const auto spec =
        std::find_if(specs.begin(), specs.end(), [&key](const auto& s) { return s.key == key; });
    if (spec == specs.end()) {
      throw db::Error(db::Error::Kind::BadInput, what, fmt::format("unknown key '{}'", key), keysOf(specs));
    }
    if (equals == std::string::npos) {
      throw db::Error(db::Error::Kind::BadInput, what, fmt::format("'{}' has no value", key),
                      "write key=value");
    }
    set(what, *spec, item.substr(equals + 1));
  }
}

void Parameters::set(const std::string& what, const ParameterSpec& spec, const std::string& value) {
  bool good = false;
  if (spec.anyText) {
    good = true;
    m_words[spec.key] = value;
  } else if (!spec.choices.empty()) {
    good = std::find(spec.choices.begin(), spec.choices.end(), value) != spec.choices.end();
    m_words[spec.key] = value;
  } else {
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    good = error == std::errc() && end == value.data() + value.size() && number >= spec.min &&
           number <= spec.max && (!spec.integer || number == std::floor(number));
    m_numbers[spec.key] = number;
  }
  if (!good) {
    throw db::Error(db::Error::Kind::BadInput, what, fmt::format("{}={} is not possible", spec.key, value),
                    "give " + allowed(spec));
  }
}

}  // namespace ditscope::collector
