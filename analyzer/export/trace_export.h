// SPDX-License-Identifier: Apache-2.0
// What a recorded run can be written as for other programs and for people: timelines, tables, a report. A
// format is one file of this folder and one line of the table. The same trace gives the same bytes. Names in
// a trace are data of strangers: each format escapes them in its own way.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "analyzer/progress.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {

struct TraceExport {
  std::string_view name;
  std::string_view help;
  std::string_view extension;
  // Throws db::Error, or db::Cancelled when the progress says so; then no file is left.
  void (*write)(const db::TraceReader&, const std::filesystem::path&, const Progress&) = nullptr;
};

[[nodiscard]] std::span<const TraceExport> traceExports();
[[nodiscard]] const TraceExport* findTraceExport(std::string_view name);  // null when there is none

// One a file of this folder.
[[nodiscard]] TraceExport perfettoExport();
[[nodiscard]] TraceExport chromeExport();
[[nodiscard]] TraceExport nsysExport();
[[nodiscard]] TraceExport csvTablesExport();
[[nodiscard]] TraceExport htmlExport();

}  // namespace ditscope::analyzer
