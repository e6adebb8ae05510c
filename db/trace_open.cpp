// SPDX-License-Identifier: Apache-2.0
#include "db/trace_open.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "db/error.h"
#include "db/hardened_file.h"
#include "db/migrations.h"
#include "db/trace_reader.h"

namespace ditscope::db {
namespace {

constexpr int kOpcodesPerPoll = 20'000;  // below a millisecond

[[noreturn]] void refuse(const std::string& name, const std::string& why, const std::string& remedy) {
  throw Error(Error::Kind::BadInput, "cannot read " + name, why, remedy);
}

constexpr OurFile kTrace{"DiTScope trace", uint32_t(kApplicationId),
                         "give a file that ditscope collect or ditscope import wrote"};

int onProgress(void* context) {  // an exception must not cross SQLite
  try {
    return (*static_cast<const std::function<bool()>*>(context))() ? 1 : 0;
  } catch (...) {
    return 1;
  }
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
  connection.exec("PRAGMA query_only = 1");
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
  checkHeader(path, kTrace);
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
  checkTables(connection, schemaScripts().first(size_t(version)));
  sqlite3_set_authorizer(connection.handle(), authorise, nullptr);
  return {std::move(connection), version};
}

}  // namespace ditscope::db
