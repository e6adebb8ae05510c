// SPDX-License-Identifier: Apache-2.0
#include "db/nsys_catalog.h"

#include <algorithm>
#include <array>

namespace ditscope::db {
namespace {

// META_DATA_CAPTURE (environment, command lines), ANALYSIS_FILE and ProcessStreams (files, output) stay out.
constexpr std::array<std::string_view, 14> kTables = {
    "CUPTI_ACTIVITY_KIND_KERNEL",
    "CUPTI_ACTIVITY_KIND_RUNTIME",
    "CUPTI_ACTIVITY_KIND_MEMCPY",
    "CUPTI_ACTIVITY_KIND_MEMSET",
    "CUPTI_ACTIVITY_KIND_GRAPH_TRACE",
    "CUDA_GRAPH_NODE_EVENTS",
    "NVTX_EVENTS",
    "StringIds",
    "TARGET_INFO_GPU",
    "TARGET_INFO_CUDA_DEVICE",
    "TARGET_INFO_SESSION_START_TIME",
    "TARGET_INFO_SYSTEM_ENV",  // two versions out of it, by name
    "META_DATA_EXPORT",        // likewise
    "DIAGNOSTIC_EVENT",
};

}  // namespace

bool NsysCatalog::isAllowed(std::string_view table) {
  return std::ranges::find(kTables, table) != kTables.end();
}

NsysCatalog::NsysCatalog(const Connection& connection) {
  Statement tables =
      connection.prepare("SELECT type, wr FROM pragma_table_list(?) WHERE schema = 'main' AND name = ?");
  Statement columns = connection.prepare("SELECT name, type, pk, hidden FROM pragma_table_xinfo(?)");
  for (const std::string_view table : kTables) {
    tables.bindAll(table, table);
    const bool plain = tables.step() && tables.textAt(0) == "table";
    const bool withRowid = plain && tables.intAt(1) == 0;
    tables.reset();
    if (!plain) continue;
    if (withRowid) m_withRowid.emplace(table);
    auto& names = m_columns[std::string(table)];
    columns.bindAll(table);
    while (columns.step()) {
      if (columns.intAt(3) != 0) continue;  // computed by an expression of the file
      names.emplace(columns.textAt(0));
      if (table == "StringIds" && columns.textAt(0) == "id" && columns.intAt(2) == 1) m_stringsHaveKey = true;
    }
  }
}

bool NsysCatalog::has(std::string_view table, std::string_view column) const {
  const auto found = m_columns.find(table);
  return found != m_columns.end() && found->second.contains(column);
}

std::string NsysCatalog::select(std::string_view table,
                                std::initializer_list<std::string_view> columns) const {
  std::string sql = "SELECT ";
  for (const std::string_view column : columns) {
    if (sql.size() > 7) sql += ", ";
    sql += has(table, column) ? "\"" + std::string(column) + "\"" : "NULL";
  }
  return sql + " FROM \"" + std::string(table) + "\"";
}

}  // namespace ditscope::db
