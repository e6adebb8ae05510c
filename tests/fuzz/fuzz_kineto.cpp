// SPDX-License-Identifier: Apache-2.0
// Traces of the PyTorch profiler of any content, packed or not: read into the normal form and written as a
// trace that our reader takes, or refused with db::Error.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "analyzer/import/attribution.h"
#include "analyzer/import/call_recovery.h"
#include "analyzer/import/kineto_import.h"
#include "db/error.h"
#include "tests/support/read_everything.h"
#include "tests/support/temp_dir.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ditscope;
  static const tests::TempDir folder;
  constexpr int64_t kMaxUnpackedBytes = 1 << 20;
  constexpr size_t kMemoryBytes = 4096;  // so that rows spill
  constexpr size_t kSizesPerTrace = 16;
  const auto path = folder / "t.db";
  analyzer::CaptureBuilder capture(analyzer::defaultRules(), folder.path(), kMemoryBytes);
  try {
    const auto source =
        analyzer::byteSourceOf({reinterpret_cast<const char*>(data), size}, "file", kMaxUnpackedBytes);
    analyzer::readKineto(*source, "file", int64_t(size), capture, {});
  } catch (const db::Error& error) {
    if (error.exitCode() != 3 || std::string_view(error.what()).find('\n') != std::string_view::npos)
      std::abort();
    return 0;
  }
  if (size % kSizesPerTrace != 0) {  // writing takes a hundred times as long as reading
    (void)analyzer::recoverCalls(capture);
    return 0;
  }
  const auto kernels = int64_t(capture.kernels.size());
  db::Run run;
  {
    db::TraceWriter writer(path, run, {.queueCapacity = 64, .overwrite = true});
    if (analyzer::writeCapture(capture, run, writer, {}).kernels != kernels) std::abort();
    writer.finalise(run);
  }
  const db::TraceReader reader(path);
  tests::readEverything(reader);
  if (reader.kernelCount() != kernels) std::abort();
  return 0;
}
