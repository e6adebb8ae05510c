// SPDX-License-Identifier: GPL-3.0-or-later
// The numbers behind a picture: what a pane exports as CSV, shows as a table and hands to a screen reader.
#pragma once

#include <QString>
#include <QStringList>
#include <QVariant>
#include <vector>

namespace ditscope::gui {

struct TableData {
  QStringList columns;                  // with units, for example "LSE drift (nats)"
  std::vector<QVariantList> rows = {};  // numbers as numbers; invalid: not measured
  [[nodiscard]] bool empty() const { return columns.isEmpty() || rows.empty(); }
};

[[nodiscard]] QVariant numberOrNothing(double value);  // invalid unless finite

// RFC 4180 with a header line, decimal points whatever the locale, '.' for numbers. Text that a spreadsheet
// would take for a formula gets a ' in front.
[[nodiscard]] QString csvText(const TableData& table);
[[nodiscard]] QString tabText(const TableData& table);  // for the clipboard

}  // namespace ditscope::gui
