// SPDX-License-Identifier: Apache-2.0
// Facts about where a run takes place: processor, LibTorch and its BLAS, version of the code at hand.
#pragma once

#include <string>

#include "db/model.h"

namespace ditscope::collector {

[[nodiscard]] db::Device cpuDevice();
[[nodiscard]] std::string torchVersion();

struct Blas {
  std::string name;        // for example openblas-openmp, reference, built into LibTorch
  std::string file;        // library that provides sgemm
  bool reference = false;  // the unoptimised one, about 20 times slower
};
[[nodiscard]] Blas loadedBlas();
[[nodiscard]] Blas classifyBlas(const std::string& file);  // by the path of the library, links resolved

// Commit of the git work tree that the current folder belongs to; empty when there is none.
[[nodiscard]] std::string gitCommit();

[[nodiscard]] std::string newUuid();

// Lets LibTorch and the kernels use all cores, unless OMP_NUM_THREADS is set; LibTorch takes half of the
// virtual ones.
void useAllCores();

}  // namespace ditscope::collector
