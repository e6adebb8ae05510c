// SPDX-License-Identifier: Apache-2.0
#include "db/hardened_file.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "db/error.h"
#include "db/head_blob.h"
#include "db/migrations.h"

namespace ditscope::db {
namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& why, const std::string& remedy) {
  throw Error(Error::Kind::BadInput, "cannot read " + name, why, remedy);
}

uint32_t bigEndian(const char* bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// SQLite pads the last page of a file with zeros, so that a few missing bytes go unnoticed. The header says
// how long the file must be, unless a WAL holds newer pages or the count is not kept (file format, 1.3.8).
bool isCutShort(const std::filesystem::path& path, const std::array<char, 100>& header) {
  const bool countIsKept = bigEndian(&header[24]) == bigEndian(&header[92]);
  if (!countIsKept || hasContent(path, "-wal") || hasContent(path, "-journal")) return false;
  const uint64_t stored = (bigEndian(&header[16]) >> 16);
  const uint64_t pageBytes = stored == 1 ? 65536 : stored;
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  return !error && bytes < pageBytes * bigEndian(&header[28]);
}

}  // namespace

bool hasContent(const std::filesystem::path& path, const char* suffix) {
  std::error_code missing;
  const auto bytes = std::filesystem::file_size(path.string() + suffix, missing);
  return !missing && bytes > 0;
}

void checkHeader(const std::filesystem::path& path, const OurFile& kind) {
  const std::string name = path.string();
  std::array<char, 100> header{};
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse(name, "it cannot be opened", "check that it exists and that you may read it");
  file.read(header.data(), header.size());
  if (file.gcount() == 0) refuse(name, "the file is empty", kind.remedy);
  if (file.gcount() < std::streamsize(header.size()) ||
      std::string(header.data(), 16) != std::string("SQLite format 3\0", 16)) {
    refuse(name, fmt::format("it is not a {}", kind.name), kind.remedy);
  }
  if (bigEndian(&header[68]) != kind.applicationId) {
    refuse(name, fmt::format("it is a SQLite file, but not a {}", kind.name), kind.remedy);
  }
  if (isCutShort(path, header)) refuse(name, "the file is cut short", kTakeIntact);
}

void harden(const Connection& connection) {
  sqlite3* db = connection.handle();
  for (const auto& [option, value] : {std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1},
                                      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                                      {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                                      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
                                      {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0}}) {
    sqlite3_db_config(db, option, value, nullptr);
  }
  for (const auto& [limit, value] : {std::pair{SQLITE_LIMIT_LENGTH, int(kMaxBlobBytes) + (1 << 20)},
                                     {SQLITE_LIMIT_SQL_LENGTH, 100'000},
                                     {SQLITE_LIMIT_COLUMN, 100},
                                     {SQLITE_LIMIT_ATTACHED, 0},
                                     {SQLITE_LIMIT_EXPR_DEPTH, 100},
                                     {SQLITE_LIMIT_VDBE_OP, 250'000},
                                     {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
                                     {SQLITE_LIMIT_FUNCTION_ARG, 8}}) {
    sqlite3_limit(db, limit, value);
  }
  connection.exec(
      "PRAGMA busy_timeout = 2000; PRAGMA mmap_size = 0; PRAGMA cell_size_check = 1;"
      "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768");
}

void checkTables(const Connection& connection, std::span<const std::string_view> scripts) {
  Connection expected("", Connection::Mode::Memory);
  migrate(expected, scripts);
  Statement tables = expected.prepare(
      "SELECT name FROM pragma_table_list WHERE schema='main' AND type='table' AND name NOT LIKE 'sqlite_%'");
  Statement kind = connection.prepare("SELECT type, strict FROM pragma_table_list(?) WHERE schema = 'main'");
  Statement columns = expected.prepare("SELECT name, type FROM pragma_table_xinfo(?)");
  Statement column = connection.prepare("SELECT type, hidden FROM pragma_table_xinfo(?) WHERE name = ?");
  while (tables.step()) {
    const std::string table(tables.textAt(0));
    const bool plain = kind.bindAll(table).step() && kind.textAt(0) == "table" && kind.intAt(1) == 1;
    if (!plain)
      refuse(connection.name(), fmt::format("'{}' is not the table it should be", table), kTakeIntact);
    kind.reset();
    columns.bindAll(table);
    while (columns.step()) {
      const std::string name(columns.textAt(0));
      const bool same =
          column.bindAll(table, name).step() && column.textAt(0) == columns.textAt(1) && column.intAt(1) == 0;
      if (!same)
        refuse(connection.name(), fmt::format("column '{}.{}' is not what it should be", table, name),
               kTakeIntact);
      column.reset();
    }
  }
}

void runQuickCheck(const Connection& connection) {
  const std::string verdict = connection.queryText("PRAGMA quick_check(1)");
  if (verdict != "ok")
    refuse(connection.name(), fmt::format("the file is damaged ({})", verdict), kTakeIntact);
}

}  // namespace ditscope::db
