// SPDX-License-Identifier: Apache-2.0
#include "db/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "db/error.h"
#include "db/trace_reader.h"

namespace ditscope::db {
namespace {

[[noreturn]] void fail(sqlite3* connection, int code, const std::string& name) {
  using Kind = Error::Kind;
  const char* message = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
  const int systemError = connection != nullptr ? sqlite3_system_errno(connection) : 0;
  switch (code & 0xff) {
    case SQLITE_INTERRUPT:
      throw Cancelled();
    case SQLITE_FULL:
      throw Error(Kind::Failure, "cannot write " + name, "the disk is full",
                  "free some space and record again; what was committed before can be read");
    case SQLITE_IOERR:
      throw Error(
          Kind::Failure, "cannot read or write " + name,
          fmt::format("{} ({})", message, systemError != 0 ? std::strerror(systemError) : "no system error"),
          "check the disk, its free space and limits; what was committed before can be read");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:
      throw Error(Kind::BadInput, "cannot read " + name, fmt::format("the file is damaged ({})", message),
                  "take an intact copy or record again");
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      throw Error(Kind::BadInput, "cannot open " + name,
                  fmt::format("{}{}{}", message, systemError != 0 ? ": " : "",
                              systemError != 0 ? std::strerror(systemError) : ""),
                  "check that it exists and that you may read it, and write to its folder when recording");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Error(Kind::Failure, "cannot use " + name, "another program holds it locked",
                  "close that program");
    case SQLITE_NOMEM:
      throw Error(Kind::Failure, "cannot use " + name, "out of memory", "close other programs");
    default:
      throw Error(Kind::Failure, "cannot use " + name, fmt::format("SQLite says: {}", message),
                  "report this as a fault of DiTScope");
  }
}

int openFlags(Connection::Mode mode) {
  // One thread at a time uses a connection, so SQLite's own locks would only cost.
  constexpr int kAlways = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  switch (mode) {
    case Connection::Mode::ReadOnly:
      return kAlways | SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW;
    case Connection::Mode::Immutable:
      return kAlways | SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_URI;
    case Connection::Mode::ReadWrite:
      return kAlways | SQLITE_OPEN_READWRITE;
    case Connection::Mode::Create:
      return kAlways | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case Connection::Mode::Memory:
      return kAlways | SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY;
  }
  return kAlways;
}

std::string immutableUri(const std::string& path) {  // every byte that could mean something is escaped
  std::string uri = "file:";
  for (const char c : path) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '_' || c == '-';
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri + "?immutable=1";
}

}  // namespace

void SqliteCloser::operator()(sqlite3* connection) const noexcept {
  sqlite3_close_v2(connection);
}
void SqliteCloser::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

Statement::Statement(sqlite3* connection, std::string_view sql, std::string name)
    : m_connection(connection), m_name(std::move(name)) {
  sqlite3_stmt* statement = nullptr;
  check(sqlite3_prepare_v3(connection, sql.data(), int(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement,
                           nullptr));
  m_statement.reset(statement);
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) fail(m_connection, code, m_name);
}

void Statement::bind(int index, int64_t value) {
  check(sqlite3_bind_int64(m_statement.get(), index + 1, value));
}
void Statement::bind(int index, double value) {
  check(sqlite3_bind_double(m_statement.get(), index + 1, value));
}
void Statement::bind(int index, std::string_view value) {
  const char* text = value.data() != nullptr ? value.data() : "";
  check(sqlite3_bind_text64(m_statement.get(), index + 1, text, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}
void Statement::bind(int index, std::span<const std::byte> blob) {
  check(sqlite3_bind_blob64(m_statement.get(), index + 1, blob.data(), blob.size(), SQLITE_STATIC));
}
void Statement::bindNull(int index) {
  check(sqlite3_bind_null(m_statement.get(), index + 1));
}

bool Statement::step() {
  const int code = sqlite3_step(m_statement.get());
  if (code == SQLITE_ROW) return true;
  sqlite3_reset(m_statement.get());  // repeats the code; the message stays
  if (code != SQLITE_DONE) fail(m_connection, code, m_name);
  return false;
}

void Statement::run() {
  while (step()) {
  }
}

void Statement::reset() {
  sqlite3_reset(m_statement.get());
}

bool Statement::isNull(int column) const {
  return sqlite3_column_type(m_statement.get(), column) == SQLITE_NULL;
}
int64_t Statement::intAt(int column) const {
  return sqlite3_column_int64(m_statement.get(), column);
}
double Statement::realAt(int column) const {
  return isNull(column) ? std::numeric_limits<double>::quiet_NaN()
                        : sqlite3_column_double(m_statement.get(), column);
}
std::string_view Statement::textAt(int column) const {
  const unsigned char* text = sqlite3_column_text(m_statement.get(), column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text), size_t(sqlite3_column_bytes(m_statement.get(), column))};
}
std::span<const std::byte> Statement::blobAt(int column) const {
  const void* data = sqlite3_column_blob(m_statement.get(), column);
  return {static_cast<const std::byte*>(data), size_t(sqlite3_column_bytes(m_statement.get(), column))};
}

Connection::Connection(const std::filesystem::path& path, Mode mode) : m_name(path.string()) {
  const std::string target = mode == Mode::Immutable ? immutableUri(m_name) : m_name;
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(target.c_str(), &connection, openFlags(mode), nullptr);
  m_connection.reset(connection);  // a failed open leaves a handle too, it holds the message
  if (code != SQLITE_OK) fail(connection, code, m_name);
}

void Connection::exec(const std::string& sql) const {
  const int code = sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(handle(), code, m_name);
}

int64_t Connection::queryInt(std::string_view sql) const {
  Statement statement = prepare(sql);
  return statement.step() ? statement.intAt(0) : 0;
}

std::string Connection::queryText(std::string_view sql) const {
  Statement statement = prepare(sql);
  return statement.step() ? std::string(statement.textAt(0)) : std::string();
}

Transaction::Transaction(const Connection& connection) : m_connection(connection) {
  m_connection.exec("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  // A full disk may have rolled back already; then this fails and nothing is left to do.
  if (m_open) sqlite3_exec(m_connection.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  m_connection.exec("COMMIT");
  m_open = false;
}

}  // namespace ditscope::db
