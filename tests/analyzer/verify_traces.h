// SPDX-License-Identifier: Apache-2.0
// A dense recording, a configuration and a run with it, small and known in every number: 4 steps of which the
// configuration computes the first densely, 2 layers of 2 heads, both branches, 8 x 8 blocks. Head 0 of layer
// 0 stays dense; the others have topk. Measured recalls and times differ from the expected ones by known
// amounts.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "db/model.h"

namespace ditscope::tests {

struct VerifyFiles {
  explicit VerifyFiles(const std::filesystem::path& folder)
      : config(folder / "config.json"), dense(folder / "dense.db"), run(folder / "run.db") {}
  std::filesystem::path config, dense, run;
};

// The expectations of topk in the configuration, and by how much each (layer, head) misses them.
inline constexpr double kExpectedRecall = 0.9375, kExpectedError = 0.0625;
inline constexpr int64_t kExpectedNs = 400'000, kDenseNs = 1'000'000;
[[nodiscard]] double recallOf(int32_t layer, int32_t head, int32_t step);  // measured

struct RunChanges {  // from what fits
  std::function<void(db::Run&)> run = [](db::Run&) {};
  std::string method = "topk";  // that planned the sparse heads
  int32_t steps = 4;            // recorded
  bool recalls = true;
};
void writeDenseTrace(const std::filesystem::path& path, const RunChanges& changes = {});
void writeSparseTrace(const std::filesystem::path& path, const RunChanges& changes = {});
// promise: JSON of x-ditscope-tune; empty = none.
void writeVerifyConfig(const std::filesystem::path& path, const std::string& promise);

}  // namespace ditscope::tests
