// SPDX-License-Identifier: Apache-2.0
// Which tables and columns an export of Nsight Systems has, out of those that are ever read.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "db/sqlite.h"

namespace ditscope::db {

class NsysCatalog {
 public:
  explicit NsysCatalog(const Connection& connection);

  [[nodiscard]] bool has(std::string_view table) const { return m_columns.contains(table); }
  [[nodiscard]] bool has(std::string_view table, std::string_view column) const;
  [[nodiscard]] bool hasRowids(std::string_view table) const { return m_withRowid.contains(table); }
  [[nodiscard]] bool stringsHaveKey() const { return m_stringsHaveKey; }  // StringIds.id finds at once

  // "SELECT a, NULL, b FROM table": a column that is missing reads as NULL.
  [[nodiscard]] std::string select(std::string_view table,
                                   std::initializer_list<std::string_view> columns) const;

  [[nodiscard]] static bool isAllowed(std::string_view table);

 private:
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> m_columns;
  std::set<std::string, std::less<>> m_withRowid;
  bool m_stringsHaveKey = false;
};

}  // namespace ditscope::db
