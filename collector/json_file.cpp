// SPDX-License-Identifier: Apache-2.0
#include "collector/json_file.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "db/error.h"

namespace ditscope::collector {

nlohmann::json readJsonObject(const std::filesystem::path& file) {
  const auto refuse = [&](const std::string& why, const std::string& remedy) -> void {
    throw db::Error(db::Error::Kind::BadInput, file.string(), why, remedy);
  };
  std::error_code error;
  std::ifstream in(file, std::ios::binary);
  if (!std::filesystem::is_regular_file(file, error) || !in) {
    refuse("cannot read it", "check the path; a model folder has diffusers' layout");
  }
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(in);
  } catch (const nlohmann::json::exception&) {
    refuse("not valid JSON", "download the file again");
  }
  if (!json.is_object()) refuse("not a JSON object", "download the file again");
  return json;
}

}  // namespace ditscope::collector
