// SPDX-License-Identifier: Apache-2.0
// Whether this machine has a CUDA driver and a GPU, asked without linking to either.
#pragma once

#include <string>

namespace ditscope::collector {

struct CudaDriver {
  int devices = 0;
  std::string version = {};  // of the driver, for example 580.159.04; else of its CUDA, for example CUDA 13.0
  std::string whyNot = {};   // empty where there is a GPU that can be used
};

// Loads `library` once for the life of the process and initialises the driver.
[[nodiscard]] CudaDriver probeCudaDriver(const char* library = "libcuda.so.1");

// 13020 -> "13.2", as CUDA numbers its versions.
[[nodiscard]] std::string cudaVersionText(int version);

}  // namespace ditscope::collector
