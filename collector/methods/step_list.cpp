// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/step_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include "db/error.h"

namespace ditscope::collector {

std::vector<int> parseSteps(const std::string& method, const std::string& key, const std::string& text,
                            int steps) {
  constexpr double kMost = 1e6;
  std::vector<int> list;
  std::istringstream stream(text);
  bool good = !text.empty() && text.back() != '+';
  for (std::string item; std::getline(stream, item, '+');) {
    double value = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), value);
    good = good && error == std::errc() && end == item.data() + item.size() && value >= 0 && value <= kMost &&
           (value < 1 || value == std::floor(value));
    if (!good) break;
    list.push_back(int(value < 1 ? std::floor(value * steps + 1e-9) : value));
  }
  if (!good || !std::ranges::is_sorted(list)) {
    throw db::Error(db::Error::Kind::BadInput, method, fmt::format("{}={} is not possible", key, text),
                    "give steps in ascending order, joined by +, for example 10+30 or 0.2+0.6");
  }
  return list;
}

}  // namespace ditscope::collector
