// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/json_scanner.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "db/error.h"

namespace ditscope::analyzer {
namespace {

bool isSpace(int c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool isBare(int c) {  // numbers and words
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '+' ||
         c == '.';
}

// Bytes at which reading a string has to stop and think.
constexpr std::array<bool, 256> kStopsString = [] {
  std::array<bool, 256> stops{};
  for (size_t c = 0; c < 0x20; ++c) stops[c] = true;
  stops['"'] = stops['\\'] = true;
  return stops;
}();

// Whether one of eight bytes may stop a string: a quote, a backslash or a control character. (A byte of a
// character that is not ASCII may say so without need.)
bool mayStop(const char* bytes) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  constexpr uint64_t kOnes = 0x0101010101010101;
  const auto below = [&](uint64_t x, uint64_t limit) { return x - kOnes * limit; };
  const uint64_t quote = below(word ^ (kOnes * '"'), 1);
  const uint64_t backslash = below(word ^ (kOnes * '\\'), 1);
  return ((quote | backslash | below(word, 0x20)) & (kOnes * 0x80)) != 0;
}

// Bytes that matter between strings while a value is passed over.
constexpr std::array<bool, 256> kStopsSkip = [] {
  std::array<bool, 256> stops{};
  for (const char c : {'"', '{', '}', '[', ']'}) stops[static_cast<unsigned char>(c)] = true;
  return stops;
}();

void appendUtf8(std::string& out, uint32_t point) {
  if (point < 0x80) {
    out += char(point);
  } else if (point < 0x800) {
    out += char(0xC0 | point >> 6);
    out += char(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    out += char(0xE0 | point >> 12);
    out += char(0x80 | (point >> 6 & 0x3F));
    out += char(0x80 | (point & 0x3F));
  } else {
    out += char(0xF0 | point >> 18);
    out += char(0x80 | (point >> 12 & 0x3F));
    out += char(0x80 | (point >> 6 & 0x3F));
    out += char(0x80 | (point & 0x3F));
  }
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int32_t hexQuad(std::string_view digits) {  // -1: it is none
  if (digits.size() < 4) return -1;
  int32_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    const int digit = hexDigit(digits[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

}  // namespace

JsonScanner::JsonScanner(ByteSource& source, std::string name, size_t windowBytes)
    : m_source(source), m_name(std::move(name)), m_buffer(std::max<size_t>(windowBytes, 16)) {}

void JsonScanner::moveWindow() {
  std::memmove(m_buffer.data(), m_buffer.data() + m_at, m_size - m_at);
  m_size -= m_at;
  m_at = 0;
}

bool JsonScanner::readUpTo(size_t at) {
  while (at >= m_size && !m_sourceEnded) {
    if (m_size - m_at > kMaxTokenBytes) refuseLength();
    if (m_size == m_buffer.size()) m_buffer.resize(m_buffer.size() * 2);
    const size_t got = m_source.read({m_buffer.data() + m_size, m_buffer.size() - m_size});
    m_sourceEnded = got == 0;
    m_size += got;
  }
  return at < m_size;
}

int JsonScanner::afterSpace(size_t& at) {
  while (have(at)) {
    if (!isSpace(m_buffer[at])) return static_cast<unsigned char>(m_buffer[at]);
    ++at;
  }
  return -1;
}

int JsonScanner::skipSpace() {
  while (true) {
    compact();
    while (m_at < m_size && isSpace(m_buffer[m_at])) ++m_at;
    if (m_at < m_size) return static_cast<unsigned char>(m_buffer[m_at]);
    if (!have(m_at)) return -1;
  }
}

void JsonScanner::refuseLength() const {
  throw db::Error(db::Error::Kind::BadInput, "cannot read " + m_name, "it has a text of more than 16 MiB",
                  "take an intact copy");
}

void JsonScanner::refuseDepth() const {
  throw db::Error(db::Error::Kind::BadInput, "cannot read " + m_name, "it is nested too deeply",
                  "give a trace of the PyTorch profiler");
}

void JsonScanner::open(bool object) {
  if (m_isObject.size() >= kMaxDepth) refuseDepth();
  m_isObject.push_back(object);
  m_expectKey = object;
}

void JsonScanner::close() {
  m_isObject.pop_back();
  m_expectKey = inObject();
}

JsonScanner::Token JsonScanner::ended() {
  if (!m_isObject.empty()) m_endedEarly = true;
  return Token::End;
}

JsonScanner::Token JsonScanner::next() {
  int c = skipSpace();
  while (c == ',') {
    ++m_at;
    c = skipSpace();
  }
  if (c < 0) return ended();
  if (c == '}' || c == ']') {
    if (m_isObject.empty() || m_isObject.back() != (c == '}')) return Token::Broken;
    ++m_at;
    close();
    return c == '}' ? Token::EndObject : Token::EndArray;
  }
  return m_expectKey ? key() : value(char(c));
}

JsonScanner::Token JsonScanner::key() {
  if (m_buffer[m_at] != '"') return Token::Broken;
  if (!scanString(true)) return ended();
  size_t colon = m_at;
  const int c = afterSpace(colon);
  if (c < 0) return ended();
  if (c != ':') return Token::Broken;
  m_at = colon + 1;
  m_expectKey = false;
  setText();
  return Token::Key;
}

JsonScanner::Token JsonScanner::value(char c) {
  if (c == '{' || c == '[') {
    ++m_at;
    open(c == '{');
    return c == '{' ? Token::BeginObject : Token::BeginArray;
  }
  m_expectKey = inObject();
  if (c == '"') {
    if (!scanString(false)) return ended();
    setText();
    return Token::String;
  }
  if (!scanBare()) return Token::Broken;
  setText();
  const char first = m_text.size() > 1 && (m_text[0] == '-' || m_text[0] == '+') ? m_text[1] : m_text[0];
  return first >= '0' && first <= '9' ? Token::Number : Token::Word;
}

// A quote that is not escaped ends its string if what follows can follow a string. Behind a comma there must
// be a key or value: "foo "bar", baz" has the quote of bar inside.
bool JsonScanner::closesString(size_t at, bool isKey) {
  if (isKey || m_isObject.empty()) return true;
  const int c = afterSpace(at);
  if (c < 0) return true;
  if (m_skipping) return c == ',' || c == ':' || c == '}' || c == ']';
  if (c == (m_isObject.back() ? '}' : ']')) return true;
  if (c != ',') return false;
  const int behind = afterSpace(++at);
  if (m_isObject.back()) return behind == '"' || behind == '}' || behind < 0;
  return behind == '"' || behind == '{' || behind == '[' || behind == ']' || behind < 0 || isBare(behind);
}

bool JsonScanner::scanString(bool isKey) {  // false: the file ends inside
  size_t at = m_at + 1;
  m_textBegin = at;
  m_hasEscapes = false;
  bool repaired = false;
  while (true) {
    while (at + sizeof(uint64_t) <= m_size && !mayStop(m_buffer.data() + at)) at += sizeof(uint64_t);
    while (at < m_size && !kStopsString[static_cast<unsigned char>(m_buffer[at])]) ++at;
    if (at >= m_size) {
      if (!have(at)) break;
      continue;
    }
    const char c = m_buffer[at];
    if (c == '"' && closesString(at + 1, isKey)) break;
    m_hasEscapes |= c == '\\';
    repaired |= c != '\\';
    at += c == '\\' ? 2 : 1;
  }
  if (repaired) ++m_repairs;
  if (at >= m_size) {
    m_at = m_size;
    return false;
  }
  if (at - m_textBegin > kMaxTokenBytes) refuseLength();
  m_textEnd = at;
  m_at = at + 1;
  return true;
}

bool JsonScanner::scanBare() {
  size_t at = m_at;
  while (have(at) && isBare(m_buffer[at])) ++at;
  m_textBegin = m_at;
  m_textEnd = m_at = at;
  m_hasEscapes = false;
  return m_textEnd > m_textBegin;
}

void JsonScanner::setText() {
  if (!m_hasEscapes) {
    m_text = {m_buffer.data() + m_textBegin, m_textEnd - m_textBegin};
    return;
  }
  m_unescaped.clear();
  for (size_t at = m_textBegin; at < m_textEnd;) {
    if (m_buffer[at] == '\\' && at + 1 < m_textEnd) {
      at = unescapeOne(at + 1, m_textEnd);
    } else {
      m_unescaped += m_buffer[at++];
    }
  }
  m_text = m_unescaped;
}

// `at` is behind the backslash; returns where the text goes on.
size_t JsonScanner::unescapeOne(size_t at, size_t end) {
  const char c = m_buffer[at];
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (const size_t known = kNames.find(c); known != std::string_view::npos) {
    m_unescaped += kMeanings[known];
    return at + 1;
  }
  const auto quad = [&](size_t from) { return hexQuad({m_buffer.data() + from, end - std::min(from, end)}); };
  const int32_t first = c == 'u' ? quad(at + 1) : -1;
  if (first < 0) {  // a path of Windows, for example
    ++m_repairs;
    m_unescaped += '\\';
    return at;
  }
  at += 5;
  const bool isHigh = first >= 0xD800 && first < 0xDC00;
  if (isHigh && at + 1 < end && m_buffer[at] == '\\' && m_buffer[at + 1] == 'u') {
    const int32_t second = quad(at + 2);
    if (second >= 0xDC00 && second < 0xE000) {
      appendUtf8(m_unescaped, 0x10000 + (uint32_t(first - 0xD800) << 10) + uint32_t(second - 0xDC00));
      return at + 6;
    }
  }
  const bool isHalf = first >= 0xD800 && first < 0xE000;
  if (isHalf) ++m_repairs;
  appendUtf8(m_unescaped, isHalf ? uint32_t{'?'} : uint32_t(first));
  return at;
}

bool JsonScanner::skipValue() {
  const int c = skipSpace();
  if (c == '{' || c == '[') {
    ++m_at;
    open(c == '{');
    return skipToEnd();
  }
  m_expectKey = inObject();
  if (c != '"') return c >= 0 && scanBare();
  m_skipping = true;
  const bool whole = scanString(false);
  m_skipping = false;
  return whole;
}

bool JsonScanner::skipToEnd() {
  m_skipping = true;
  bool whole = true;
  for (size_t levels = 1; levels > 0 && whole;) {
    compact();
    while (m_at < m_size && !kStopsSkip[static_cast<unsigned char>(m_buffer[m_at])]) ++m_at;
    if (m_at >= m_size) {
      whole = have(m_at);
      continue;
    }
    const char c = m_buffer[m_at];
    if (c == '"') {
      whole = scanString(false);
      continue;
    }
    ++m_at;
    if (c == '}' || c == ']') {
      --levels;
    } else if (m_isObject.size() + levels++ >= kMaxDepth) {
      refuseDepth();
    }
  }
  m_skipping = false;
  if (whole) {
    close();
  } else {
    m_endedEarly = true;
  }
  return whole;
}

bool JsonScanner::recover(size_t depth) {
  ++m_repairs;
  m_isObject.resize(depth);
  m_expectKey = false;
  int seen = 0;  // of "}" and ","
  while (true) {
    compact();
    if (!have(m_at)) {
      m_endedEarly = true;
      return false;
    }
    const char c = m_buffer[m_at];
    if (c == '{' && seen == 2) return true;
    if (!isSpace(c)) seen = c == '}' ? 1 : c == ',' && seen == 1 ? 2 : 0;
    ++m_at;
  }
}

}  // namespace ditscope::analyzer
