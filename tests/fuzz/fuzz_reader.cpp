// SPDX-License-Identifier: Apache-2.0
// Trace files of any content: the reader either reads them or throws db::Error. An input that begins with 'P'
// or 'Q' is a list of changes (offset of three bytes, new byte) to a small intact trace of the first or
// second schema version, which gets far deeper than random bytes do; any other input is the file itself.
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>

#include "db/error.h"
#include "tests/support/read_everything.h"
#include "tests/support/temp_dir.h"

using namespace ditscope;

namespace {

constexpr int kPollsBeforeGivingUp = 500;  // a damaged tree may hold the same page many times over

std::string load(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string changed(std::string file, const uint8_t* changes, size_t size) {
  for (size_t i = 0; i + 4 <= size; i += 4) {
    const size_t offset = size_t{changes[i]} << 16 | size_t{changes[i + 1]} << 8 | changes[i + 2];
    file[offset % file.size()] = char(changes[i + 3]);
  }
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string first = load(DITSCOPE_SOURCE_DIR "/tests/fuzz/data/tiny_trace.db");
  static const std::string second = load(DITSCOPE_SOURCE_DIR "/tests/fuzz/data/tiny_trace_v2.db");
  static const tests::TempDir folder;
  const bool changes = size > 0 && (data[0] == 'P' || data[0] == 'Q');
  const std::string bytes = changes ? changed(data[0] == 'P' ? first : second, data + 1, size - 1)
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
