// SPDX-License-Identifier: Apache-2.0
// What the commands of `ditscope history` do. Each returns what belongs on stdout; db::Error is thrown.
#pragma once

#include "analyzer/history/history_cli.h"

namespace ditscope::analyzer {

[[nodiscard]] CommandResult addToHistory(const HistoryArguments& arguments);
[[nodiscard]] CommandResult listHistory(const HistoryArguments& arguments);
[[nodiscard]] CommandResult plotHistory(const HistoryArguments& arguments);
[[nodiscard]] CommandResult baselineOfHistory(const HistoryArguments& arguments);
[[nodiscard]] CommandResult exportHistory(const HistoryArguments& arguments);
[[nodiscard]] CommandResult markHistory(const HistoryArguments& arguments, bool accepted);

}  // namespace ditscope::analyzer
