// SPDX-License-Identifier: Apache-2.0
#include "collector/config_reader.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "db/error.h"

namespace ditscope::collector {
namespace {
constexpr const char* kCheck = "check the file against the model's own";
}

ConfigReader::ConfigReader(nlohmann::json config, std::filesystem::path file)
    : m_config(std::move(config)), m_file(std::move(file)) {}

void ConfigReader::refuse(const std::string& why, const std::string& remedy) const {
  throw db::Error(db::Error::Kind::BadInput, m_file.string(), why, remedy);
}

bool ConfigReader::has(const std::string& key) const {
  const auto found = m_config.find(key);
  return found != m_config.end() && !found->is_null();
}

void ConfigReader::read(const std::string& key, bool& value) const {
  if (!has(key)) return;
  if (!m_config[key].is_boolean()) refuse(key + " is not true or false", kCheck);
  value = m_config[key].get<bool>();
}

void ConfigReader::read(const std::string& key, std::string& value) const {
  if (!has(key)) return;
  if (!m_config[key].is_string()) refuse(key + " is not a string", kCheck);
  value = m_config[key].get<std::string>();
}

void ConfigReader::read(const std::string& key, double& value) const {
  if (!has(key)) return;
  if (!m_config[key].is_number() || !std::isfinite(m_config[key].get<double>())) {
    refuse(key + " is not a number", kCheck);
  }
  value = m_config[key].get<double>();
}

int64_t ConfigReader::integer(const std::string& key, const nlohmann::json& value, int64_t least,
                              int64_t most) const {
  const bool fits = value.is_number_unsigned() ? value.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX)
                                               : value.is_number_integer();
  if (!fits || value.get<int64_t>() < least || value.get<int64_t>() > most) {
    refuse(fmt::format("{} is not a whole number from {} to {}", key, least, most), kCheck);
  }
  return value.get<int64_t>();
}

void ConfigReader::read(const std::string& key, int64_t& value, int64_t least, int64_t most) const {
  if (has(key)) value = integer(key, m_config[key], least, most);
}

void ConfigReader::read(const std::string& key, std::vector<int64_t>& value, int64_t least,
                        int64_t most) const {
  if (!has(key)) return;
  if (!m_config[key].is_array()) refuse(key + " is not a list", kCheck);
  value.clear();
  for (const nlohmann::json& item : m_config[key]) value.push_back(integer(key, item, least, most));
}

void ConfigReader::require(const std::string& key, const nlohmann::json& value) const {
  if (has(key) && m_config[key] != value) {
    refuse(fmt::format("{} = {} is not supported", key, m_config[key].dump(-1, ' ', true)),
           fmt::format("only {} is", value.dump()));
  }
}

}  // namespace ditscope::collector
