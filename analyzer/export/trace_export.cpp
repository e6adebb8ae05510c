// SPDX-License-Identifier: Apache-2.0
#include "analyzer/export/trace_export.h"

#include <algorithm>
#include <array>

namespace ditscope::analyzer {

std::span<const TraceExport> traceExports() {
  static const std::array formats = {perfettoExport(), chromeExport(), nsysExport(), csvTablesExport(),
                                     htmlExport()};
  return formats;
}

const TraceExport* findTraceExport(std::string_view name) {
  const auto found = std::ranges::find(traceExports(), name, &TraceExport::name);
  return found == traceExports().end() ? nullptr : &*found;
}

}  // namespace ditscope::analyzer
