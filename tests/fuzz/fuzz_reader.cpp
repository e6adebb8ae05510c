// SPDX-License-Identifier: Apache-2.0
// Trace files of any content: the reader either reads them or throws db::Error. An input that begins with 'P'
// or 'Q' is a list of changes (offset of three bytes, new byte) to a small intact trace of the first or
// second schema version, which gets far deeper than random bytes do; any other input is the file itself.
#include <cstdint>
#include <fstream>
#include <string>

#include "db/error.h"
#include "tests/fuzz/changed_file.h"
#include "tests/support/read_everything.h"
#include "tests/support/temp_dir.h"

using namespace ditscope;
using tests::changedFile, tests::loadFile;

namespace {

constexpr int kPollsBeforeGivingUp = 500;  // a damaged tree may hold the same page many times over

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string first = loadFile(DITSCOPE_SOURCE_DIR "/tests/fuzz/data/tiny_trace.db");
  static const std::string second = loadFile(DITSCOPE_SOURCE_DIR "/tests/fuzz/data/tiny_trace_v2.db");
  static const tests::TempDir folder;
  const bool changes = size > 0 && (data[0] == 'P' || data[0] == 'Q');
  const std::string bytes = changes ? changedFile(data[0] == 'P' ? first : second, data + 1, size - 1)
                                    : std::string(reinterpret_cast<const char*>(data), size);
  for (const char* side : {"t.db-wal", "t.db-shm", "t.db-journal"}) std::filesystem::remove(folder / side);
  std::ofstream(folder / "t.db", std::ios::binary) << bytes;
  int polls = 0;
  db::OpenOptions options;
  options.quickCheck = bytes.size() % 2 == 0;
  options.cancelled = [&] { return ++polls > kPollsBeforeGivingUp; };
  try {
    tests::readEverything(db::TraceReader(folder / "t.db", options));
  } catch (const db::Error&) {
  } catch (const db::Cancelled&) {
  }
  return 0;
}
