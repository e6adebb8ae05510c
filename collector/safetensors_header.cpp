// SPDX-License-Identifier: Apache-2.0
#include "collector/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "db/error.h"

namespace ditscope::collector {
namespace {

constexpr std::array<std::pair<std::string_view, int>, 22> kDtypeBits{{
    {"BOOL", 8},    {"U8", 8},          {"I8", 8},          {"I16", 16},    {"U16", 16},    {"I32", 32},
    {"U32", 32},    {"I64", 64},        {"U64", 64},        {"F16", 16},    {"BF16", 16},   {"F32", 32},
    {"F64", 64},    {"C64", 64},        {"F8_E4M3", 8},     {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F6_E2M3", 6},
    {"F6_E3M2", 6}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"F4", 4},
}};

[[noreturn]] void refuse(const std::string& file, const std::string& why) {
  throw db::Error(db::Error::Kind::BadInput, file, "not a sound safetensors file: " + why,
                  "download or write the file again");
}

// Collects the entries event by event: nlohmann's tree keeps the last of two equal keys without a word, and
// would build any nesting. A handler that returns false stops the parser.
class HeaderHandler final : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool key(string_t& name) override {
    if (name.find('\0') != std::string::npos) return stop("a name holds a NUL byte");
    if (m_level == Level::Root) {
      if (!m_names.insert(name).second) return stop(fmt::format("{} appears twice", quotedName(name)));
      m_name = name;
      return true;
    }
    if (!m_fields.insert(name).second)
      return stop(fmt::format("{} has {} twice", quotedName(m_name), quotedName(name)));
    m_field = name;
    if (m_level == Level::Tensor && name != "dtype" && name != "shape" && name != "data_offsets") {
      return stop(fmt::format("tensor {} has an unknown field {}", quotedName(m_name), quotedName(name)));
    }
    return true;
  }

  bool start_object(std::size_t) override {
    switch (m_level) {
      case Level::Outside:
        m_level = Level::Root;
        return true;
      case Level::Root:
        m_level = m_name == "__metadata__" ? Level::Metadata : Level::Tensor;
        m_fields.clear();
        m_entry = {};
        m_entry.name = m_name;
        m_offsets.clear();
        return true;
      default:
        return wrongType();
    }
  }

  bool end_object() override {
    if (m_level == Level::Tensor) {
      if (m_fields.size() != 3)
        return stop(fmt::format("tensor {} lacks dtype, shape or data_offsets", quotedName(m_name)));
      if (m_offsets.size() != 2)
        return stop(fmt::format("tensor {} does not have two data_offsets", quotedName(m_name)));
      m_entry.begin = m_offsets[0];
      m_entry.end = m_offsets[1];
      header.tensors.push_back(std::move(m_entry));
    }
    m_level = m_level == Level::Root ? Level::Outside : Level::Root;
    return true;
  }

  bool start_array(std::size_t) override {
    if (m_level != Level::Tensor || m_field == "dtype") return wrongType();
    m_level = Level::Array;
    return true;
  }

  bool end_array() override {
    m_level = Level::Tensor;
    return true;
  }

  bool string(string_t& value) override {
    if (m_level == Level::Metadata) {
      header.metadata.emplace(m_field, value);
      return true;
    }
    if (m_level != Level::Tensor || m_field != "dtype") return wrongType();
    if (safetensorsDtypeBits(value) == 0) {
      return stop(fmt::format("tensor {} has the unknown dtype {}", quotedName(m_name), quotedName(value)));
    }
    m_entry.dtype = value;
    return true;
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (m_level != Level::Array) return wrongType();
    if (m_field == "data_offsets") {
      m_offsets.push_back(value);
      return m_offsets.size() <= 2 ||
             stop(fmt::format("tensor {} has more than two data_offsets", quotedName(m_name)));
    }
    if (value > kMaxDimension)
      return stop(fmt::format("tensor {} has the dimension {}", quotedName(m_name), value));
    m_entry.shape.push_back(static_cast<int64_t>(value));
    return m_entry.shape.size() <= kMaxRank ||
           stop(fmt::format("tensor {} has more than {} dimensions", quotedName(m_name), kMaxRank));
  }

  bool null() override { return wrongType(); }
  bool boolean(bool) override { return wrongType(); }
  bool number_integer(number_integer_t) override { return wrongType(); }
  bool number_float(number_float_t, const string_t&) override { return wrongType(); }
  bool binary(binary_t&) override { return wrongType(); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return stop(fmt::format("the header is not valid UTF-8 JSON at its byte {}", position));
  }

  SafetensorsHeader header;
  std::string problem;

 private:
  enum class Level { Outside, Root, Metadata, Tensor, Array };

  bool stop(std::string why) {
    problem = std::move(why);
    return false;
  }
  bool wrongType() {
    switch (m_level) {
      case Level::Outside:
        return stop("the header is not a JSON object");
      case Level::Root:
        return stop(fmt::format("the entry {} is not an object", quotedName(m_name)));
      case Level::Metadata:
        return stop(fmt::format("the metadata {} is not a string", quotedName(m_field)));
      default:
        return stop(fmt::format("{} of tensor {} has a wrong type", quotedName(m_field), quotedName(m_name)));
    }
  }

  Level m_level = Level::Outside;
  std::set<std::string> m_names, m_fields;
  std::string m_name, m_field;
  TensorEntry m_entry;
  std::vector<uint64_t> m_offsets;
};

// Bytes of a tensor; nothing when they overflow or are no whole number. A zero dimension does not hide an
// overflow of the others, because LibTorch computes strides from them.
std::optional<uint64_t> byteCount(const TensorEntry& entry) {
  uint64_t elements = 1;
  bool empty = false;
  for (const int64_t size : entry.shape) {
    empty = empty || size == 0;
    if (__builtin_mul_overflow(elements, std::max<uint64_t>(1, static_cast<uint64_t>(size)), &elements))
      return {};
  }
  uint64_t bits = 0;
  if (__builtin_mul_overflow(elements, static_cast<uint64_t>(safetensorsDtypeBits(entry.dtype)), &bits))
    return {};
  if (empty) return 0;
  if (bits % 8 != 0) return {};
  return bits / 8;
}

// The data of the tensors must fill the buffer without overlap and without holes.
void checkLayout(const std::vector<TensorEntry>& sorted, uint64_t dataBytes, const std::string& file) {
  uint64_t at = 0;
  for (const TensorEntry& entry : sorted) {
    if (entry.begin != at || entry.end < entry.begin) {
      refuse(file, fmt::format("the data of tensor {} is at [{}, {}) where {} was expected",
                               quotedName(entry.name), entry.begin, entry.end, at));
    }
    const std::optional<uint64_t> bytes = byteCount(entry);
    if (!bytes)
      refuse(file, fmt::format("tensor {} has a shape that cannot be stored", quotedName(entry.name)));
    if (*bytes != entry.end - entry.begin) {
      refuse(file, fmt::format("tensor {} needs {} bytes, its offsets hold {}", quotedName(entry.name),
                               *bytes, entry.end - entry.begin));
    }
    at = entry.end;
  }
  if (at != dataBytes)
    refuse(file, fmt::format("its tensors need {} bytes of data, it has {}", at, dataBytes));
}

}  // namespace

std::string quotedName(const std::string& name) {
  constexpr size_t kMost = 100;
  const std::string part = name.size() <= kMost ? name : name.substr(0, kMost) + "...";
  return nlohmann::json(part).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

int safetensorsDtypeBits(std::string_view dtype) {
  const auto* found = std::find_if(kDtypeBits.begin(), kDtypeBits.end(),
                                   [&](const auto& known) { return known.first == dtype; });
  return found == kDtypeBits.end() ? 0 : found->second;
}

uint64_t safetensorsHeaderLength(std::span<const char> prefix, uint64_t fileBytes, const std::string& file) {
  if (fileBytes < 8 || prefix.size() < 8) refuse(file, "it is shorter than 8 bytes");
  uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | static_cast<unsigned char>(prefix[i]);
  if (length > kMaxHeaderBytes) refuse(file, fmt::format("its header claims {} bytes", length));
  if (length > fileBytes - 8) {
    refuse(file, fmt::format("its header claims {} bytes, the file has {}", length, fileBytes - 8));
  }
  return length;
}

SafetensorsHeader parseSafetensorsHeader(std::string_view json, uint64_t dataBytes, const std::string& file) {
  // nlohmann takes a NUL for the end of its input and skips a byte order mark; the format allows neither.
  if (json.find('\0') != std::string_view::npos) refuse(file, "its header holds a NUL byte");
  const size_t first = json.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || json[first] != '{') refuse(file, "its header is not a JSON object");

  HeaderHandler handler;
  if (!nlohmann::json::sax_parse(json, &handler)) refuse(file, handler.problem);

  std::vector<TensorEntry>& tensors = handler.header.tensors;
  std::sort(tensors.begin(), tensors.end(), [](const TensorEntry& a, const TensorEntry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  checkLayout(tensors, dataBytes, file);
  return std::move(handler.header);
}

}  // namespace ditscope::collector
