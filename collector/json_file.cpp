// SPDX-License-Identifier: Apache-2.0
#include "collector/json_file.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "db/error.h"

namespace ditscope::collector {
namespace {

nlohmann::json readJson(const std::filesystem::path& file, const char* remedy) {
  std::error_code error;
  std::ifstream in(file, std::ios::binary);
  if (!std::filesystem::is_regular_file(file, error) || !in) db::refuseInput(file, "cannot read it", remedy);
  try {
    return nlohmann::json::parse(in);
  } catch (const nlohmann::json::exception&) {
    db::refuseInput(file, "not valid JSON", "download the file again");
  }
}

}  // namespace

nlohmann::json readJsonObject(const std::filesystem::path& file) {
  nlohmann::json json = readJson(file, "check the path; a model folder has diffusers' layout");
  if (!json.is_object()) db::refuseInput(file, "not a JSON object", "download the file again");
  return json;
}

nlohmann::json readJsonArray(const std::filesystem::path& file) {
  nlohmann::json json = readJson(file, "check the path");
  if (!json.is_array()) db::refuseInput(file, "not a JSON array", "check that it is the file meant");
  return json;
}

}  // namespace ditscope::collector
