// SPDX-License-Identifier: Apache-2.0
// Parameters of a sparsity method as text: "NAME:key=value,...". Each key is declared with its range,
// default and help; everything else is refused with one clear line.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ditscope::collector {

struct ParameterSpec {
  std::string key;
  std::string help;
  std::string value;  // default, written as a user would
  double min = 0;     // of a number
  double max = 0;
  bool integer = false;
  std::vector<std::string> choices;  // when not empty the value is one of these words
  bool anyText = false;              // the value is free text without a comma, such as the name of a file
};

[[nodiscard]] inline ParameterSpec number(std::string key, std::string value, double min, double max,
                                          std::string help) {
  return {std::move(key), std::move(help), std::move(value), min, max, false, {}, false};
}
[[nodiscard]] inline ParameterSpec integer(std::string key, std::string value, double min, double max,
                                           std::string help) {
  return {std::move(key), std::move(help), std::move(value), min, max, true, {}, false};
}
[[nodiscard]] inline ParameterSpec word(std::string key, std::string value, std::vector<std::string> choices,
                                        std::string help) {
  return {std::move(key), std::move(help), std::move(value), 0, 0, false, std::move(choices), false};
}
[[nodiscard]] inline ParameterSpec text(std::string key, std::string value, std::string help) {
  return {std::move(key), std::move(help), std::move(value), 0, 0, false, {}, true};
}

class Parameters {
 public:
  // `text` is the part after the colon, may be empty. Throws db::Error naming the method and the key.
  Parameters(const std::string& method, const std::vector<ParameterSpec>& specs, const std::string& text);

  [[nodiscard]] double number(const std::string& key) const { return m_numbers.at(key); }
  [[nodiscard]] int integer(const std::string& key) const { return int(m_numbers.at(key)); }
  [[nodiscard]] const std::string& word(const std::string& key) const {  // or free text
    return m_words.at(key);
  }

 private:
  void set(const std::string& what, const ParameterSpec& spec, const std::string& value);

  std::map<std::string, double> m_numbers;
  std::map<std::string, std::string> m_words;
};

}  // namespace ditscope::collector
