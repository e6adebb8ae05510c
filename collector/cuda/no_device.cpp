// SPDX-License-Identifier: Apache-2.0
// The door to CUDA in a build that has no CUDA kernels, or whose LibTorch has no CUDA.
#include "collector/cuda/device.h"
#include "db/error.h"

namespace ditscope::collector::cuda {
namespace {

constexpr const char* kWhy = "this build has no CUDA attention kernels";
constexpr const char* kRemedy = "use --device cpu, or build with nvcc and a CUDA LibTorch";

[[noreturn]] void refuse() {
  throw db::Error(db::Error::Kind::BadInput, "CUDA", kWhy, kRemedy);
}

}  // namespace

std::optional<Absence> absence() {
  return Absence{kWhy, kRemedy};
}

db::Device currentDevice() {
  refuse();
}

std::string runtimeVersion() {
  return "";
}

void attention(const kernels::AttentionArgs&, const at::Tensor&) {
  refuse();
}

void blockMass(const kernels::BlockMassArgs&) {
  refuse();
}

void synchronise() {}

Mark Mark::here() {
  return {};
}

int64_t Mark::nsSince(const Mark&) const {
  return 0;
}

}  // namespace ditscope::collector::cuda
