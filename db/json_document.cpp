// SPDX-License-Identifier: Apache-2.0
#include "db/json_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "db/error.h"

namespace ditscope::db {
namespace {

constexpr size_t kMaxDepth = 16;
constexpr size_t kMaxKeys = 256;  // of an object, whose keys are searched one by one
constexpr const char* kRemedy = "correct the file, docs/config.schema.json describes it";

[[noreturn]] void refuseAt(const std::string& what, const std::string& path, const std::string& why) {
  throw Error(Error::Kind::BadInput, what, fmt::format("{}: {}", path.empty() ? "/" : path, why), kRemedy);
}

// As RFC 6901 writes it, but long names are cut, and everything but printable ASCII is replaced.
std::string pathStep(std::string_view key) {
  std::string step = "/";
  for (const char c : key.substr(0, 80)) {
    if (c == '~')
      step += "~0";
    else if (c == '/')
      step += "~1";
    else
      step += c < 0x20 || c > 0x7e ? '?' : c;
  }
  return step;
}

std::string placeOf(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte > 0 ? byte - 1 : 0, text.size()));
  const size_t lineStart = before.rfind('\n') + 1;  // npos + 1 = 0
  return fmt::format("line {}, column {}", 1 + std::ranges::count(before, '\n'),
                     before.size() - lineStart + 1);
}

// Builds the tree event by event, because the library's own builder keeps the last of two equal keys without
// a word, builds any nesting, and with a callback takes time that grows with the square of a list.
class TreeBuilder final : public nlohmann::json_sax<Json> {
 public:
  TreeBuilder(std::string_view text, const std::string& what) : m_text(text), m_what(what) {}
  [[nodiscard]] Json take() { return std::move(m_root); }

  bool null() override { return put(nullptr) != nullptr; }
  bool boolean(bool value) override { return put(value) != nullptr; }
  bool number_integer(number_integer_t value) override { return put(value) != nullptr; }
  bool number_unsigned(number_unsigned_t value) override { return put(value) != nullptr; }
  bool number_float(number_float_t value, const string_t&) override { return put(value) != nullptr; }
  bool string(string_t& value) override { return put(std::move(value)) != nullptr; }
  bool binary(binary_t&) override { return false; }  // not of JSON text

  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    Frame& object = m_frames.back();
    object.key = std::move(name);
    if (object.value->contains(object.key)) refuseAt(m_what, path(), "the key appears twice");
    if (object.value->size() == kMaxKeys) refuseAt(m_what, path(), "the object has too many keys");
    return true;
  }

  bool parse_error(std::size_t byte, const std::string&, const Json::exception& error) override {
    constexpr int kNumberOutOfRange = 406;
    throw Error(Error::Kind::BadInput, m_what,
                (error.id == kNumberOutOfRange ? "it holds a number that is too large, see "
                                               : "it is not sound JSON, see ") +
                    placeOf(m_text, byte),
                kRemedy);
  }

 private:
  struct Frame {
    Json* value;  // stays where it is: nothing is added beside it while it is open
    std::string key;
  };

  Json* put(Json value) {
    if (m_frames.empty()) return &(m_root = std::move(value));
    Frame& frame = m_frames.back();
    if (frame.value->is_object()) return &((*frame.value)[frame.key] = std::move(value));
    frame.value->push_back(std::move(value));
    return &frame.value->back();
  }
  bool open(Json value) {
    Json* const place = put(std::move(value));
    if (m_frames.size() == kMaxDepth) refuseAt(m_what, path(), "it is nested too deeply");
    m_frames.push_back({place, {}});
    return true;
  }
  bool close() {
    m_frames.pop_back();
    return true;
  }
  [[nodiscard]] std::string path() const {
    std::string path;
    for (const Frame& frame : m_frames)
      path += frame.value->is_array() ? fmt::format("/{}", frame.value->size() - 1) : pathStep(frame.key);
    return path;
  }

  std::string_view m_text;
  const std::string& m_what;
  Json m_root;
  std::vector<Frame> m_frames;
};

bool isExtension(std::string_view key) {
  return key.starts_with("x-") && key.size() > 2;
}

}  // namespace

Json parseJson(std::string_view text, const std::string& what) {
  TreeBuilder builder(text, what);
  Json::sax_parse(text, &builder);  // throws at the first fault
  return builder.take();
}

void JsonNode::refuse(const std::string& why) const {
  refuseAt(m_what, m_path, why);
}

void JsonNode::requireObject(std::span<const JsonKey> keys, ExtraKeys extra) const {
  require(m_value.is_object(), "it must be an object");
  for (const auto& [name, value] : m_value.items()) {
    const bool known = std::ranges::find(keys, std::string_view(name), &JsonKey::name) != keys.end();
    if (known || (extra == ExtraKeys::Prefixed && isExtension(name))) continue;
    JsonNode(value, m_what, m_path + pathStep(name)).refuse("there is no such key");
  }
  for (const JsonKey& key : keys)
    require(!key.required || has(key.name), fmt::format("the key \"{}\" is missing", key.name));
}

JsonNode JsonNode::member(std::string_view key) const {
  return {*m_value.find(key), m_what, m_path + pathStep(key)};
}

void JsonNode::requireArray(size_t atLeast, size_t atMost) const {
  require(m_value.is_array(), "it must be a list");
  if (atLeast == atMost) require(size() == atLeast, fmt::format("it must have {} entries", atLeast));
  require(size() >= atLeast, atLeast == 1 ? "it is empty" : "it has too few entries");
  require(size() <= atMost, "it has too many entries");
}

JsonNode JsonNode::element(size_t index) const {
  return {m_value[index], m_what, fmt::format("{}/{}", m_path, index)};
}

const std::string& JsonNode::text(size_t maxBytes) const {
  require(m_value.is_string(), "it must be a text");
  const auto& text = m_value.get_ref<const std::string&>();
  require(!text.empty() && text.size() <= maxBytes, fmt::format("it must have 1 to {} bytes", maxBytes));
  return text;
}

int64_t JsonNode::integer(int64_t lo, int64_t hi) const {
  const bool fits = m_value.is_number_integer() &&
                    (!m_value.is_number_unsigned() || m_value.get<uint64_t>() <= uint64_t(INT64_MAX));
  const int64_t number = fits ? m_value.get<int64_t>() : 0;
  require(fits && number >= lo && number <= hi,
          fmt::format("it must be a whole number from {} to {}", lo, hi));
  return number;
}

double JsonNode::number(double lo, double hi) const {
  const double number = m_value.is_number() ? m_value.get<double>() : 0;
  require(m_value.is_number() && number >= lo && number <= hi,
          fmt::format("it must be a number from {:g} to {:g}", lo, hi));
  return number;
}

}  // namespace ditscope::db
