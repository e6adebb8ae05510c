// SPDX-License-Identifier: Apache-2.0
// Exports of Nsight Systems of any content. An input that begins with 'P' is a list of changes (offset of
// three bytes, new byte) to a small intact export, which gets far deeper than random bytes do; one that
// begins with 'S' is SQL that is run on it first; any other is the file itself. Either it is refused with
// db::Error, or the trace that it becomes can be read.
#include <sqlite3.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "analyzer/import/nsys_import.h"
#include "db/error.h"
#include "tests/fuzz/changed_file.h"
#include "tests/fuzz/finish_capture.h"
#include "tests/support/temp_dir.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using namespace ditscope;

// Rows with values of any type and size. Queries that would run for long are stopped.
void runSql(const std::filesystem::path& path, const std::string& sql) {
  sqlite3* db = nullptr;
  if (sqlite3_open(path.c_str(), &db) == SQLITE_OK) {
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1 << 16);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    int polls = 50;
    sqlite3_progress_handler(
        db, 1000, [](void* left) { return --*static_cast<int*>(left) < 0 ? 1 : 0; }, &polls);
    sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
  }
  sqlite3_close(db);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string intact = tests::loadFile(DITSCOPE_SOURCE_DIR "/tests/fuzz/data/tiny_nsys.sqlite");
  static const tests::TempDir folder;
  const auto path = folder / "c.sqlite";
  for (const char* side : {"c.sqlite-wal", "c.sqlite-shm", "c.sqlite-journal"})
    std::filesystem::remove(folder / side);
  const char kind = size > 0 ? char(data[0]) : '\0';
  const std::string rest(reinterpret_cast<const char*>(data) + (size > 0 ? 1 : 0), size > 0 ? size - 1 : 0);
  std::ofstream(path, std::ios::binary)
      << (kind == 'P'   ? tests::changedFile(intact, data + 1, size - 1)
          : kind == 'S' ? intact
                        : std::string(reinterpret_cast<const char*>(data), size));
  if (kind == 'S') runSql(path, rest);
  analyzer::CaptureBuilder capture(analyzer::defaultRules(), folder.path(), tests::kCaptureMemoryBytes);
  try {
    analyzer::readNsys(path, capture, {});
  } catch (const db::Error& error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos) std::abort();
    return 0;
  }
  tests::finishCapture(capture, size, folder / "t.db");
  return 0;
}
