// SPDX-License-Identifier: Apache-2.0
#include "db/trace_open.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <fstream>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "db/error.h"
#include "db/head_blob.h"
#include "db/migrations.h"
#include "db/trace_reader.h"

namespace ditscope::db {
namespace {

constexpr int kOpcodesPerPoll = 20'000;  // below a millisecond

[[noreturn]] void refuse(const std::string& name, const std::string& why, const std::string& remedy) {
  throw Error(Error::Kind::BadInput, "cannot read " + name, why, remedy);
}

constexpr const char* kTakeIntact = "take an intact copy or record again";
constexpr const char* kGiveTrace = "give a file that ditscope collect or ditscope import wrote";

uint32_t bigEndian(const char* bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

bool hasContent(const std::filesystem::path& path, const char* suffix) {
  std::error_code missing;
  const auto bytes = std::filesystem::file_size(path.string() + suffix, missing);
  return !missing && bytes > 0;
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

// Looks at the bytes before SQLite does.
void checkHeader(const std::filesystem::path& path) {
  const std::string name = path.string();
  std::array<char, 100> header{};
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse(name, "it cannot be opened", "check that it exists and that you may read it");
  file.read(header.data(), header.size());
  if (file.gcount() == 0) refuse(name, "the file is empty", kGiveTrace);
  if (file.gcount() < std::streamsize(header.size()) ||
      std::string(header.data(), 16) != std::string("SQLite format 3\0", 16)) {
    refuse(name, "it is not a DiTScope trace", kGiveTrace);
  }
  if (bigEndian(&header[68]) != uint32_t(kApplicationId)) {
    refuse(name, "it is a SQLite file, but not a DiTScope trace", kGiveTrace);
  }
  if (isCutShort(path, header)) refuse(name, "the file is cut short", kTakeIntact);
}

int onProgress(void* context) {  // an exception must not cross SQLite
  try {
    return (*static_cast<const std::function<bool()>*>(context))() ? 1 : 0;
  } catch (...) {
    return 1;
  }
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
      "PRAGMA busy_timeout = 2000; PRAGMA mmap_size = 0; PRAGMA query_only = 1; PRAGMA cell_size_check = 1;"
      "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768");
}

// Returns the version of the schema.
int checkVersion(const Connection& connection) {
  const int64_t version = connection.queryInt("PRAGMA user_version");
  if (version <= 0)
    refuse(connection.name(), fmt::format("schema version {} is none of ours", version), kTakeIntact);
  if (version <= currentSchemaVersion()) return int(version);
  // Our own table or an impostor: meta is only believed when it is a plain table.
  int64_t needed = version;
  if (connection.queryInt(
          "SELECT count(*) FROM pragma_table_list('meta') WHERE schema='main' AND type='table'") == 1) {
    needed = connection.queryInt("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'min_reader_version'");
  }
  if (needed < 1 || needed > currentSchemaVersion()) {
    refuse(connection.name(),
           fmt::format("a newer DiTScope wrote it (schema version {}, this one reads up to {})", version,
                       currentSchemaVersion()),
           "update DiTScope");
  }
  return currentSchemaVersion();
}

// Each table of a version must be a plain STRICT table with at least its columns, stored and of their types.
// A newer file may have more of both.
void checkTables(const Connection& connection, int version) {
  Connection expected("", Connection::Mode::Memory);
  migrate(expected, schemaScripts().first(size_t(version)));
  Statement tables =
      expected.prepare("SELECT name FROM pragma_table_list WHERE schema='main' AND name NOT LIKE 'sqlite_%'");
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

// From here on: reading our own tables and plain functions only.
int authorise(void*, int action, const char* first, const char*, const char*, const char* viaTriggerOrView) {
  static const std::set<std::string, std::less<>> kTables = {
      "meta",       "run",          "device",      "string",    "launch_cfg", "step",
      "layer",      "kernel",       "attn_call",   "attn_head", "attn_blob",  "capture_health",
      "diagnostic", "circumstance", "device_clock"};
  if (viaTriggerOrView != nullptr) return SQLITE_DENY;
  if (action == SQLITE_SELECT || action == SQLITE_FUNCTION) return SQLITE_OK;
  if (action == SQLITE_READ && first != nullptr && kTables.contains(std::string_view(first)))
    return SQLITE_OK;
  return SQLITE_DENY;
}

Connection connectAs(const std::filesystem::path& path, Connection::Mode mode) {
  Connection connection(path, mode);
  harden(connection);
  [[maybe_unused]] const int64_t firstRead = connection.queryInt("SELECT count(*) FROM sqlite_schema");
  return connection;
}

// Two kinds of files cannot be opened for reading alone. One whose recorder was killed without a WAL has a
// journal, which only a connection that may write can roll back. One in WAL mode needs lock files beside it,
// which a read-only folder cannot hold; when it has no WAL, nobody writes it and it can be read as it lies.
Connection connect(const std::filesystem::path& path) {
  try {
    return connectAs(path, Connection::Mode::ReadOnly);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::BadInput || hasContent(path, "-wal")) throw;
  }
  if (!hasContent(path, "-journal")) return connectAs(path, Connection::Mode::Immutable);
  (void)connectAs(path, Connection::Mode::ReadWrite);  // its first read rolls back
  return connectAs(path, Connection::Mode::ReadOnly);
}

}  // namespace

OpenedTrace openTrace(const std::filesystem::path& path, bool quickCheck,
                      const std::function<bool()>& cancelled) {
  checkHeader(path);
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);  // a link is fine here, but none below it
  if (error) refuse(path.string(), error.message(), "check the path");
  Connection connection = connect(real);
  if (cancelled) {
    sqlite3_progress_handler(connection.handle(), kOpcodesPerPoll, onProgress,
                             const_cast<std::function<bool()>*>(&cancelled));
  }
  if (quickCheck) runQuickCheck(connection);
  const int version = checkVersion(connection);
  checkTables(connection, version);
  sqlite3_set_authorizer(connection.handle(), authorise, nullptr);
  return {std::move(connection), version};
}

}  // namespace ditscope::db
