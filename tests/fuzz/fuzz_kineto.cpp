// SPDX-License-Identifier: Apache-2.0
// Traces of the PyTorch profiler of any content, packed or not: read into the normal form and written as a
// trace that our reader takes, or refused with db::Error.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "analyzer/import/kineto_import.h"
#include "db/error.h"
#include "tests/fuzz/finish_capture.h"
#include "tests/support/temp_dir.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ditscope;
  static const tests::TempDir folder;
  constexpr int64_t kMaxUnpackedBytes = 1 << 20;
  analyzer::CaptureBuilder capture(analyzer::defaultRules(), folder.path(), tests::kCaptureMemoryBytes);
  try {
    const auto source =
        analyzer::byteSourceOf({reinterpret_cast<const char*>(data), size}, "file", kMaxUnpackedBytes);
    analyzer::readKineto(*source, "file", int64_t(size), capture, {});
  } catch (const db::Error& error) {
    if (error.exitCode() != 3 || std::string_view(error.what()).find('\n') != std::string_view::npos)
      std::abort();
    return 0;
  }
  tests::finishCapture(capture, size, folder / "t.db");
  return 0;
}
