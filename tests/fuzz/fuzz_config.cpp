// SPDX-License-Identifier: Apache-2.0
// The configuration file of a stranger: it is refused with db::Error, or it is written and read back as it
// was, and its table agrees with its lists.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "db/config.h"
#include "db/config_file.h"
#include "db/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ditscope::db;
  constexpr int64_t kQuicklyPainted = 100'000;
  try {
    const SparsityConfig config = parseConfig({reinterpret_cast<const char*>(data), size}, "file");
    const std::string text = configText(config);
    const SparsityConfig again = parseConfig(text, "file");
    if (again != config || configText(again) != text) std::abort();
    if (config.cells() > kQuicklyPainted) return 0;
    const ConfigTable table(config);
    for (const Branch branch : {Branch::Cond, Branch::Uncond}) {
      for (int32_t head = 0; head < config.model.heads; ++head) {
        const Cell cell{config.steps / 2, config.model.layers / 2, head, branch};
        if (table.resolve(cell) != config.resolve(cell) || table.kindOf(cell) != config.kindOf(cell))
          std::abort();
      }
    }
  } catch (const Error&) {
  }
  return 0;
}
