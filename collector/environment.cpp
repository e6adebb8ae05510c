// SPDX-License-Identifier: Apache-2.0
#include "collector/environment.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <fmt/core.h>
#include <torch/version.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <thread>

namespace ditscope::collector {
namespace {

std::string cpuField(const std::string& key) {  // of the first processor in /proc/cpuinfo
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) {
      const size_t colon = line.find(": ");
      return colon == std::string::npos ? "" : line.substr(colon + 2);
    }
  }
  return "";
}

}  // namespace

db::Device cpuDevice() {
  db::Device device;
  const std::string name = cpuField("model name");
  const std::string mhz = cpuField("cpu MHz");
  device.name = name.empty() ? "CPU" : name;
  device.smCount = int32_t(std::thread::hardware_concurrency());
  device.memoryBytes = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  device.clockHz = mhz.empty() ? 0 : int64_t(std::strtod(mhz.c_str(), nullptr) * 1e6);
  return device;
}

std::string torchVersion() {
  return TORCH_VERSION;
}

Blas classifyBlas(const std::string& file) {
  // Debian keeps every BLAS under the same file name in a folder of its own, so the whole path is asked.
  for (const char* known :
       {"openblas-openmp", "openblas-pthread", "openblas-serial", "openblas", "mkl", "blis", "atlas"}) {
    if (file.find(known) != std::string::npos) {
      return {known, file, false};
    }
  }
  if (file.find("libtorch") != std::string::npos) {
    return {"built into LibTorch", file, false};
  }
  if (file.find("libblas") != std::string::npos) {
    return {"reference", file, true};
  }
  return {file.empty() ? "built into LibTorch" : "unknown", file, false};
}

Blas loadedBlas() {
  void* sgemm = dlsym(RTLD_DEFAULT, "sgemm_");
  Dl_info info = {};
  if (sgemm == nullptr || dladdr(sgemm, &info) == 0 || info.dli_fname == nullptr) {
    return classifyBlas("");
  }
  std::error_code ignored;
  const std::filesystem::path resolved = std::filesystem::canonical(info.dli_fname, ignored);
  return classifyBlas(resolved.empty() ? info.dli_fname : resolved.string());
}

std::string gitCommit() {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen("git rev-parse HEAD 2>/dev/null", "r"), pclose);
  std::array<char, 41> line = {};
  if (pipe == nullptr || fgets(line.data(), int(line.size()), pipe.get()) == nullptr) {
    return "";
  }
  return line.data();
}

std::string newUuid() {
  std::random_device random;
  const auto word = [&random] { return (uint64_t{random()} << 32) | random(); };
  const uint64_t high = (word() & ~0xf000ull) | 0x4000ull;       // version 4: random
  const uint64_t low = (word() & ~(3ull << 62)) | (2ull << 62);  // variant of RFC 4122
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff, high & 0xffff,
                     low >> 48, low & 0xffffffffffffull);
}

void useAllCores() {
  if (std::getenv("OMP_NUM_THREADS") == nullptr) {
    at::set_num_threads(int(std::max(1u, std::thread::hardware_concurrency())));
  }
}

}  // namespace ditscope::collector
