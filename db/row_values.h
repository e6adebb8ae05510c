// SPDX-License-Identifier: Apache-2.0
// The rows of a query on a trace, read column by column from left to right. Each getter checks what it reads
// and throws db::Error "the file is damaged" for a value that no writer of ours stores.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "db/codec_bytes.h"
#include "db/enum_names.h"
#include "db/sqlite.h"

namespace ditscope::db {

[[noreturn]] void throwDamaged(const std::string& file, const std::string& why);

class Rows {
 public:
  Rows(Statement statement, std::string file) : m_statement(std::move(statement)), m_file(std::move(file)) {}

  template <class... Values>
  void bindAll(const Values&... values) {
    m_statement.bindAll(values...);
  }
  bool next() {
    m_column = 0;
    return m_statement.step();
  }

  int64_t integer() { return m_statement.intAt(m_column++); }
  std::optional<int64_t> optionalInteger();
  int64_t size();   // not negative
  int32_t count();  // not negative, 32 bits
  double real() { return m_statement.realAt(m_column++); }
  float real32() { return float(real()); }
  float fraction();    // NaN, or [0, 1] with a little slack for rounding
  std::string text();  // valid UTF-8
  ByteView blob() { return m_statement.blobAt(m_column++); }

  template <class Enum>
  Enum named() {
    return known(fromName<Enum>(m_statement.textAt(m_column++)));
  }
  template <class Enum>
  Enum numbered() {
    return known(fromNumber<Enum>(integer()));
  }
  template <class Enum>
  std::optional<Enum> optionalNumbered() {
    const std::optional<int64_t> value = optionalInteger();
    if (!value) return std::nullopt;
    return known(fromNumber<Enum>(*value));
  }
  void require(bool good, const char* why) const {
    if (!good) throwDamaged(m_file, why);
  }

 private:
  template <class Enum>
  Enum known(std::optional<Enum> value) const {
    require(value.has_value(), "a value is none of its enumeration");
    return *value;
  }

  Statement m_statement;
  std::string m_file;
  int m_column = 0;
};

}  // namespace ditscope::db
