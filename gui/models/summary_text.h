// SPDX-License-Identifier: GPL-3.0-or-later
// The run summary as words: rows of a name and a value, made once for pane, clipboard and tests.
#pragma once

#include <QString>
#include <QStringList>
#include <vector>

#include "gui/models/trace.h"

namespace ditscope::gui {

struct SummaryRow {
  QString name;
  QString value;
};

enum class HealthLevel { Good, Warning, Bad };
struct HealthText {
  HealthLevel level = HealthLevel::Good;
  QString headline;     // one short line, also for the status bar
  QStringList details;  // what is missing or doubtful
};

[[nodiscard]] HealthText healthText(const analyzer::TraceSummary& summary);
[[nodiscard]] QString titleText(const analyzer::TraceSummary& summary);
[[nodiscard]] std::vector<SummaryRow> figureRows(const analyzer::TraceSummary& summary);
[[nodiscard]] std::vector<SummaryRow> originRows(const Trace& trace);

}  // namespace ditscope::gui
