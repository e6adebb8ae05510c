// SPDX-License-Identifier: Apache-2.0
// Reads single fields out of a config.json: a missing field and null leave the default, a value of a wrong
// type or out of range is an error that names the file. Fields that nobody asks for are left alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ditscope::collector {

class ConfigReader {
 public:
  // `file` is the name used in errors.
  ConfigReader(nlohmann::json config, std::filesystem::path file);

  [[nodiscard]] bool has(const std::string& key) const;  // there and not null
  void read(const std::string& key, bool& value) const;
  void read(const std::string& key, std::string& value) const;
  void read(const std::string& key, double& value) const;  // finite
  void read(const std::string& key, int64_t& value, int64_t least, int64_t most) const;
  void read(const std::string& key, std::vector<int64_t>& value, int64_t least, int64_t most) const;
  // For options that only some value of is supported: throws when the field is set to anything else.
  void require(const std::string& key, const nlohmann::json& value) const;

  [[noreturn]] void refuse(const std::string& why, const std::string& remedy) const;

 private:
  [[nodiscard]] int64_t integer(const std::string& key, const nlohmann::json& value, int64_t least,
                                int64_t most) const;

  nlohmann::json m_config;
  std::filesystem::path m_file;
};

}  // namespace ditscope::collector
