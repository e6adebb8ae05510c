// SPDX-License-Identifier: Apache-2.0
// From the rows of a capture to a trace: kernels are joined with the calls that launched them, attention
// calls recovered, kernels attributed to them by a sweep in order of time, and all written. Memory stays
// bounded by that of the builder; a kernel whose launch is unknown is kept and counted.
#pragma once

#include "analyzer/import/capture_builder.h"
#include "analyzer/progress.h"
#include "db/trace_writer.h"

namespace ditscope::analyzer {

struct AttributionResult {
  int64_t kernels = 0;
  int64_t orphans = 0;     // kernels without a launch
  int64_t attributed = 0;  // kernels that belong to an attention call
  int64_t calls = 0;
  int64_t steps = 0;
  int64_t layers = 0;
};

// Empties the builder's sorters. `run` is completed: times, sizes, uuid (from the content, so that the same
// capture is the same run). Throws db::Error or db::Cancelled.
AttributionResult writeCapture(CaptureBuilder& capture, db::Run& run, db::TraceWriter& writer,
                               const Progress& progress);

}  // namespace ditscope::analyzer
