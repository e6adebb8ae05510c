// SPDX-License-Identifier: Apache-2.0
// Reads JSON token by token from a stream, in constant memory, and puts up with what profilers write: raw
// control characters, escapes that are none, quotes inside of strings that are not escaped, NaN and infinity,
// an end that comes too early. Each repair is counted. Numbers stay text, because microseconds of our time do
// not fit a double with their fractions. Nesting and the length of a token have caps: beyond them the file is
// refused with db::Error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/import/byte_source.h"

namespace ditscope::analyzer {

class JsonScanner {
 public:
  static constexpr size_t kMaxDepth = 64;
  static constexpr size_t kMaxTokenBytes = size_t{16} << 20;

  enum class Token : uint8_t {
    BeginObject,
    EndObject,
    BeginArray,
    EndArray,
    Key,
    String,
    Number,
    Word,    // true, false, null, NaN, ...
    Broken,  // what stands here is no JSON; recover() goes on behind it
    End,
  };
  [[nodiscard]] static constexpr bool isScalar(Token token) {
    return token == Token::String || token == Token::Number || token == Token::Word;
  }

  JsonScanner(ByteSource& source, std::string name, size_t windowBytes = size_t{1} << 18);

  Token next();
  [[nodiscard]] std::string_view text() const {
    return m_text;
  }  // of key, string, number, word; until next()
  // Passes over the value that comes next, or after Begin... to the end of what has begun there.
  bool skipValue();  // false: broken
  bool skipToEnd();  // likewise
  [[nodiscard]] size_t depth() const { return m_isObject.size(); }

  // After Broken: goes to the next place that looks like the start of an element of the array at `depth`,
  // that is, behind "}" and a comma. False when there is none.
  bool recover(size_t depth);

  [[nodiscard]] int64_t repairs() const { return m_repairs; }
  [[nodiscard]] bool endedEarly() const { return m_endedEarly; }

 private:
  // The window only moves at the start of a token (compact); within one it grows.
  void compact() {
    if (m_at >= m_buffer.size() / 2) moveWindow();
  }
  void moveWindow();
  [[nodiscard]] bool have(size_t at) { return at < m_size || readUpTo(at); }  // is there a byte?
  bool readUpTo(size_t at);
  [[nodiscard]] int afterSpace(size_t& at);  // goes to the next byte that is no blank, -1 at the end
  [[nodiscard]] int skipSpace();             // likewise from m_at, over any number of blanks
  [[noreturn]] void refuseDepth() const;
  [[noreturn]] void refuseLength() const;
  [[nodiscard]] bool inObject() const { return !m_isObject.empty() && m_isObject.back(); }
  void open(bool object);
  void close();
  Token ended();
  Token key();
  Token value(char c);
  bool scanString(bool isKey);
  [[nodiscard]] bool closesString(size_t at, bool isKey);  // does the quote before `at` end its string?
  bool scanBare();
  void setText();
  size_t unescapeOne(size_t at, size_t end);

  ByteSource& m_source;
  std::string m_name;
  std::vector<char> m_buffer;
  size_t m_size = 0;  // bytes in the buffer
  size_t m_at = 0;    // the next one to look at
  bool m_sourceEnded = false;

  std::vector<bool> m_isObject;  // of what is open
  bool m_expectKey = false;
  bool m_skipping = false;
  size_t m_textBegin = 0, m_textEnd = 0;
  bool m_hasEscapes = false;
  std::string_view m_text;
  std::string m_unescaped;
  int64_t m_repairs = 0;
  bool m_endedEarly = false;
};

}  // namespace ditscope::analyzer
