// SPDX-License-Identifier: Apache-2.0
// The shape of Nsight Systems' SQLite export; db/nsys_file.h says what it holds.
#include "analyzer/export/trace_export.h"
#include "analyzer/part_file.h"
#include "db/nsys_file.h"

namespace ditscope::analyzer {
namespace {

void writeNsys(const db::TraceReader& reader, const std::filesystem::path& path, const Progress& progress) {
  PartPath file(path);
  db::writeNsysFile(reader, file.part(), progress);
  file.commit();
}

}  // namespace

TraceExport nsysExport() {
  return {"nsys-sqlite", "kernels and ranges in the tables of an Nsight Systems export", ".sqlite",
          writeNsys};
}

}  // namespace ditscope::analyzer
