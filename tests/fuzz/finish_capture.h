// SPDX-License-Identifier: Apache-2.0
// What follows once a fuzzed capture was read into the normal form: it becomes a trace that our reader takes,
// with every kernel.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "analyzer/import/attribution.h"
#include "analyzer/import/call_recovery.h"
#include "analyzer/import/capture_builder.h"
#include "tests/support/read_everything.h"

namespace ditscope::tests {

// Rows spill beyond it.
inline constexpr size_t kCaptureMemoryBytes = 4096;

// Aborts when a kernel is lost. Most inputs, by their size, stop after the recovery of calls, for writing
// takes a hundred times as long as reading.
inline void finishCapture(analyzer::CaptureBuilder& capture, size_t inputSize,
                          const std::filesystem::path& trace) {
  constexpr size_t kSizesPerTrace = 16;
  if (inputSize % kSizesPerTrace != 0) {
    (void)analyzer::recoverCalls(capture);
    return;
  }
  const auto kernels = int64_t(capture.kernels.size());
  db::Run run;
  {
    db::TraceWriter writer(trace, run, {.queueCapacity = 64, .overwrite = true});
    if (analyzer::writeCapture(capture, run, writer, {}).kernels != kernels) std::abort();
    writer.finalise(run);
  }
  const db::TraceReader reader(trace);
  readEverything(reader);
  if (reader.kernelCount() != kernels) std::abort();
}

}  // namespace ditscope::tests
