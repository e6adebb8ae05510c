// SPDX-License-Identifier: Apache-2.0
// A JSON document from a stranger, read strictly: no key twice in an object, bounded depth and width, and
// every complaint names the file and the place as a JSON path (RFC 6901), for example /overrides/3/heads/0.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace ditscope::db {

using Json = nlohmann::ordered_json;

// `what` begins the error, for example "cannot read run.json". Throws db::Error.
[[nodiscard]] Json parseJson(std::string_view text, const std::string& what);

struct JsonKey {
  std::string_view name;
  bool required = false;
};
enum class ExtraKeys : uint8_t { Refused, Prefixed };  // prefixed: those that begin with x-

class JsonNode {  // borrows the value and `what`
 public:
  JsonNode(const Json& value, const std::string& what) : JsonNode(value, what, {}) {}

  [[nodiscard]] const Json& value() const { return m_value; }
  [[noreturn]] void refuse(const std::string& why) const;
  void require(bool good, const std::string& why) const {
    if (!good) refuse(why);
  }

  void requireObject(std::span<const JsonKey> keys, ExtraKeys extra) const;
  [[nodiscard]] bool has(std::string_view key) const { return m_value.contains(key); }
  [[nodiscard]] JsonNode member(std::string_view key) const;
  void requireArray(size_t atLeast, size_t atMost) const;
  [[nodiscard]] size_t size() const { return m_value.size(); }
  [[nodiscard]] JsonNode element(size_t index) const;

  [[nodiscard]] const std::string& text(size_t maxBytes) const;  // at least one byte
  [[nodiscard]] int64_t integer(int64_t lo, int64_t hi) const;
  [[nodiscard]] double number(double lo, double hi) const;

 private:
  JsonNode(const Json& value, const std::string& what, std::string path)
      : m_value(value), m_what(what), m_path(std::move(path)) {}

  const Json& m_value;
  const std::string& m_what;
  std::string m_path;
};

}  // namespace ditscope::db
