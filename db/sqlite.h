// SPDX-License-Identifier: Apache-2.0
// Thin owners of SQLite's handles. Every failure is thrown as db::Error naming the file, an interrupted query
// as db::Cancelled. Parameters and columns count from 0. One connection belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace ditscope::db {

struct SqliteCloser {
  void operator()(sqlite3* connection) const noexcept;
  void operator()(sqlite3_stmt* statement) const noexcept;
};

class Statement {
 public:
  Statement(sqlite3* connection, std::string_view sql, std::string name);

  template <class... Values>
  Statement& bindAll(const Values&... values) {  // all parameters, in order
    int index = 0;
    (bind(index++, values), ...);
    return *this;
  }
  void bind(int index, int64_t value);
  void bind(int index, int value) { bind(index, int64_t{value}); }
  void bind(int index, uint32_t value) { bind(index, int64_t{value}); }
  void bind(int index, bool value) { bind(index, int64_t{value}); }
  void bind(int index, double value);  // NaN becomes NULL
  void bind(int index, std::string_view value);
  void bind(int index, const std::string& value) { bind(index, std::string_view(value)); }
  void bind(int index, std::span<const std::byte> blob);  // must live until the statement ran
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    if (value) {
      bind(index, *value);
    } else {
      bindNull(index);
    }
  }
  void bindNull(int index);

  bool step();   // true: a row is there. After the last row the statement can be bound and run again.
  void run();    // for statements without rows
  void reset();  // before the last row was reached

  [[nodiscard]] bool isNull(int column) const;
  [[nodiscard]] int64_t intAt(int column) const;
  [[nodiscard]] double realAt(int column) const;                      // NaN for NULL
  [[nodiscard]] std::string_view textAt(int column) const;            // valid until the next step
  [[nodiscard]] std::span<const std::byte> blobAt(int column) const;  // valid until the next step

 private:
  void check(int code) const;
  std::unique_ptr<sqlite3_stmt, SqliteCloser> m_statement;
  sqlite3* m_connection;
  std::string m_name;
};

class Connection {
 public:
  enum class Mode {
    ReadOnly,
    Immutable,  // read-only, for a file that nobody writes on a medium that cannot hold lock files
    ReadWrite,
    Create,
    Memory,
  };
  Connection(const std::filesystem::path& path, Mode mode);

  [[nodiscard]] sqlite3* handle() const { return m_connection.get(); }
  [[nodiscard]] const std::string& name() const { return m_name; }
  [[nodiscard]] Statement prepare(std::string_view sql) const { return {handle(), sql, m_name}; }
  void exec(const std::string& sql) const;
  [[nodiscard]] int64_t queryInt(std::string_view sql) const;  // first column of the first row
  [[nodiscard]] std::string queryText(std::string_view sql) const;

 private:
  std::string m_name;
  std::unique_ptr<sqlite3, SqliteCloser> m_connection;
};

class Transaction {  // rolls back unless committed
 public:
  explicit Transaction(const Connection& connection);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  const Connection& m_connection;
  bool m_open = true;
};

}  // namespace ditscope::db
