// SPDX-License-Identifier: Apache-2.0
#include "db/row_values.h"

#include <limits>

#include "db/error.h"
#include "db/text.h"

namespace ditscope::db {
namespace {

constexpr float kFractionSlack = 0.01f;
constexpr size_t kMaxTextBytes = 1 << 20;

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
