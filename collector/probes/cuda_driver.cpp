// SPDX-License-Identifier: Apache-2.0
#include "collector/probes/cuda_driver.h"

#include <dlfcn.h>
#include <fmt/core.h>

#include <fstream>

namespace ditscope::collector {
namespace {

// As cuda.h declares them: CUresult is an int enum, 0 = success.
using Init = int (*)(unsigned flags);
using GetInt = int (*)(int* value);

constexpr int kNoDevice = 100;

std::string kernelModuleVersion() {
  std::ifstream file("/sys/module/nvidia/version");
  std::string version;
  std::getline(file, version);
  return version;
}

}  // namespace

std::string cudaVersionText(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

CudaDriver probeCudaDriver(const char* library) {
  void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr)
    return {.whyNot = fmt::format("there is no CUDA driver ({} cannot be loaded)", library)};
  const auto init = reinterpret_cast<Init>(dlsym(handle, "cuInit"));
  const auto count = reinterpret_cast<GetInt>(dlsym(handle, "cuDeviceGetCount"));
  const auto version = reinterpret_cast<GetInt>(dlsym(handle, "cuDriverGetVersion"));
  if (init == nullptr || count == nullptr || version == nullptr) {
    return {.whyNot = fmt::format("{} is not a CUDA driver", library)};
  }
  CudaDriver driver;
  int number = 0;
  version(&number);
  driver.version = kernelModuleVersion();
  if (driver.version.empty()) driver.version = "CUDA " + cudaVersionText(number);
  int status = init(0);
  if (status == 0) status = count(&driver.devices);
  if (status == kNoDevice || (status == 0 && driver.devices == 0)) {
    driver.whyNot = "the CUDA driver sees no GPU";
  } else if (status != 0) {
    driver.whyNot = fmt::format("the CUDA driver does not start (error {})", status);
  }
  return driver;
}

}  // namespace ditscope::collector
