// SPDX-License-Identifier: Apache-2.0
#include "db/migrations.h"

#include <fmt/format.h>

#include "db/error.h"
#include "db/sqlite.h"

namespace ditscope::db {

void migrate(Connection& connection, std::span<const std::string_view> scripts, uint32_t applicationId) {
  const int64_t have = connection.queryInt("PRAGMA user_version");
  const int64_t want = int64_t(scripts.size());
  if (have < 0 || have > want) {
    throw Error(Error::Kind::BadInput, "cannot upgrade " + connection.name(),
                fmt::format("it has schema version {}, this program knows versions up to {}", have, want),
                "use a newer DiTScope");
  }
  for (int64_t version = have; version < want; ++version) {
    Transaction transaction(connection);
    connection.exec(std::string(scripts[size_t(version)]));
    connection.exec(
        fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", applicationId, version + 1));
    transaction.commit();
  }
}

int upgradeTraceFile(const std::filesystem::path& path, std::span<const std::string_view> scripts) {
  Connection connection(path, Connection::Mode::ReadWrite);
  if (connection.queryInt("PRAGMA application_id") != kApplicationId) {
    throw Error(Error::Kind::BadInput, "cannot upgrade " + connection.name(), "it is not a DiTScope trace",
                "give a file that ditscope collect or ditscope import wrote");
  }
  const int before = int(connection.queryInt("PRAGMA user_version"));
  migrate(connection, scripts);
  return before;
}

}  // namespace ditscope::db
