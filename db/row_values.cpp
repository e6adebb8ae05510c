// SPDX-License-Identifier: Apache-2.0
#include "db/row_values.h"

#include <limits>

#include "db/error.h"

namespace ditscope::db {
namespace {

constexpr float kFractionSlack = 0.01f;
constexpr size_t kMaxTextBytes = 1 << 20;

// Well-formed UTF-8: no stray or missing continuation, overlong form, surrogate or number beyond U+10FFFF.
bool isUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80       ? 1
                          : lead >> 5 == 6  ? 2
                          : lead >> 4 == 14 ? 3
                          : lead >> 3 == 30 ? 4
                                            : 0;
    if (length == 0 || i + length > text.size()) return false;
    uint32_t point = length == 1 ? lead : lead & (0x7fu >> length);
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if (next >> 6 != 2) return false;
      point = point << 6 | (next & 0x3fu);
    }
    constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kSmallest[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
    i += length;
  }
  return true;
}

}  // namespace

void throwDamaged(const std::string& file, const std::string& why) {
  throw Error(Error::Kind::BadInput, "cannot read " + file, "the file is damaged: " + why,
              "take an intact copy or record again");
}

std::optional<int64_t> Rows::optionalInteger() {
  if (m_statement.isNull(m_column)) {
    ++m_column;
    return std::nullopt;
  }
  return integer();
}

int64_t Rows::size() {
  const int64_t value = integer();
  require(value >= 0, "a size or duration is negative");
  return value;
}

int32_t Rows::count() {
  const int64_t value = integer();
  require(value >= 0 && value <= std::numeric_limits<int32_t>::max(), "a count is out of range");
  return int32_t(value);
}

float Rows::fraction() {
  const float value = real32();
  require(!(value < -kFractionSlack || value > 1 + kFractionSlack), "a fraction is outside [0, 1]");
  return value;
}

std::string Rows::text() {
  const std::string_view text = m_statement.textAt(m_column++);
  require(text.size() <= kMaxTextBytes && isUtf8(text), "a text is too long or not UTF-8");
  return std::string(text);
}

}  // namespace ditscope::db
