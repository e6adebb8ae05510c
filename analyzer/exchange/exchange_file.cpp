// SPDX-License-Identifier: Apache-2.0
#include "analyzer/exchange/exchange_file.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <system_error>
#include <utility>

#include "analyzer/part_file.h"
#include "db/error.h"

namespace ditscope::analyzer {

std::string readExchangeFile(const std::filesystem::path& path) {
  const auto refuse = [&](const std::string& why, const std::string& remedy) {
    throw db::Error(db::Error::Kind::BadInput, "cannot read " + path.string(), why, remedy);
  };
  std::error_code error;
  const uintmax_t bytes = std::filesystem::file_size(path, error);
  if (error) refuse(error.message(), "check the path and that you may read it");
  if (bytes > kMaxExchangeBytes)
    refuse("it is larger than 64 MiB", "give a file of settings, not of weights");
  std::string text(size_t(bytes), '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(text.data(), std::streamsize(bytes)))
    refuse("it cannot be read", "check that you may read it");
  return text;
}

void writeExchangeFile(const std::filesystem::path& path, const std::string& text) {
  PartFile file(path);
  file.write(text);
  file.commit();
}

void refuseImport(const ExchangeInput& input, const std::string& why, const std::string& remedy) {
  throw db::Error(db::Error::Kind::BadInput, "cannot read " + input.name, why, remedy);
}

nlohmann::json parseImport(const ExchangeInput& input) {
  constexpr int kMaxDepth = 32;
  const nlohmann::json::parser_callback_t bounded = [&](int depth, nlohmann::json::parse_event_t, auto&) {
    if (depth > kMaxDepth) refuseImport(input, "it is nested too deeply", "give a file of settings");
    return true;
  };
  try {
    return nlohmann::json::parse(input.bytes, bounded);
  } catch (const nlohmann::json::exception&) {
    refuseImport(input, "it is not sound JSON", "name its format with --from, or write it again");
  }
}

std::string pythonJson(const nlohmann::ordered_json& json) {
  if (!json.is_structured()) return json.dump();
  std::string text(1, json.is_array() ? '[' : '{');
  bool first = true;
  for (const auto& [key, value] : json.items()) {
    if (!std::exchange(first, false)) text += ", ";
    if (json.is_object()) text += nlohmann::json(key).dump() + ": ";
    text += pythonJson(value);
  }
  return text + (json.is_array() ? ']' : '}');
}

Triple parseTriple(const std::string& what, const std::string& text) {
  int64_t numbers[3] = {0, 0, 0};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int axis = 0; axis < 3; ++axis) {
    const auto [next, error] = std::from_chars(at, end, numbers[axis]);
    const bool closed = axis == 2 ? next == end : next != end && *next == 'x';
    if (error != std::errc() || !closed || numbers[axis] < 1 || numbers[axis] > 1'000'000)
      throw db::Error(db::Error::Kind::BadInput, what, "it is not three positive numbers",
                      "give frames, rows and columns as in 6x8x8");
    at = next + (axis < 2 ? 1 : 0);
  }
  return {numbers[0], numbers[1], numbers[2]};
}

std::string tripleText(const Triple& triple) {
  return fmt::format("{}x{}x{}", triple.frames, triple.rows, triple.cols);
}

}  // namespace ditscope::analyzer
