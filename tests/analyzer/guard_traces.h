// SPDX-License-Identifier: Apache-2.0
// Traces that hold nothing but kernel launches, with times drawn around a given one.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "db/model.h"

namespace ditscope::tests {

struct KernelSpec {
  std::string name = "attention";
  double ns = 2e6;
  double noise = 0.002;  // of the logarithm of the time
  int count = 21;
  int32_t registers = 64;
  int32_t gridX = 16;
  size_t device = 0;  // of KernelTrace::devices
  uint32_t flags = 0;
};

struct KernelTrace {
  std::vector<KernelSpec> kernels{KernelSpec{}};
  std::vector<db::Device> devices{{.ordinal = 0, .uuid = "GPU-a", .name = "H100", .clockHz = 1'980'000'000}};
  std::vector<db::Circumstance> circumstances{};
  int64_t clockHz = 0;  // of the devices, measured beside every launch; 0 = not measured
  std::function<void(db::Run&)> run = [](db::Run&) {};
  uint64_t seed = 1;
};

void writeKernelTrace(const std::filesystem::path& path, const KernelTrace& trace = {});

}  // namespace ditscope::tests
