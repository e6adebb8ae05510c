// SPDX-License-Identifier: Apache-2.0
// A trace as Nsight Systems would export it to SQLite, for tools and queries that read such exports: kernels,
// the ranges of steps, layers and attention calls as NVTX events of the domain "ditscope", devices,
// diagnostics. The file names DiTScope as its maker. A trace holds no launch calls, so that
// CUPTI_ACTIVITY_KIND_RUNTIME has only kernels that the processor ran itself, which were called where they
// ran. Statistics of heads have no place in that shape.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "db/trace_reader.h"

namespace ditscope::db {

// Replaces an existing file. `progress` may be empty; false cancels with db::Cancelled. Throws db::Error;
// what is then at `path` is of no use.
void writeNsysFile(const TraceReader& reader, const std::filesystem::path& path,
                   const std::function<bool(int64_t done, int64_t total)>& progress);

}  // namespace ditscope::db
