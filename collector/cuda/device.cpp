// SPDX-License-Identifier: Apache-2.0
#include "collector/cuda/device.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime.h>
#include <fmt/format.h>

#include <cmath>

#include "collector/probes/cuda_driver.h"
#include "db/error.h"
#include "kernels/cuda/attention_cuda.h"

namespace ditscope::collector::cuda {
namespace {

constexpr const char* kCpuInstead = "use --device cpu";

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  throw db::Error(db::Error::Kind::Failure, fmt::format("CUDA, {}", what), cudaGetErrorString(status),
                  "run again; with CUDA_LAUNCH_BLOCKING=1 the error is told where it happens");
}

cudaStream_t currentStream() {
  return c10::cuda::getCurrentCUDAStream().stream();
}

std::string uuidText(const cudaUUID_t& uuid) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(uuid.bytes);
  std::string text = "GPU-";
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", bytes[i]);
  }
  return text;
}

}  // namespace

std::optional<Absence> absence() {
  static const CudaDriver driver = probeCudaDriver();
  if (!driver.whyNot.empty()) return Absence{driver.whyNot, kCpuInstead};
  if (!at::hasCUDA()) return Absence{"LibTorch cannot use the GPU", kCpuInstead};
  int major = 0;
  const cudaError_t status = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0);
  if (status != cudaSuccess) return Absence{cudaGetErrorString(status), kCpuInstead};
  constexpr int kAmpere = 8;
  if (major < kAmpere)
    return Absence{"the kernels need a GPU of compute capability 8.0 or newer", kCpuInstead};
  return std::nullopt;
}

db::Device currentDevice() {
  db::Device device;
  cudaDeviceProp properties = {};
  int khz = 0;
  check(cudaGetDevice(&device.ordinal), "device");
  check(cudaGetDeviceProperties(&properties, device.ordinal), "device");
  check(cudaDeviceGetAttribute(&khz, cudaDevAttrClockRate, device.ordinal), "device");
  device.uuid = uuidText(properties.uuid);
  device.name = properties.name;
  device.smCount = properties.multiProcessorCount;
  device.memoryBytes = int64_t(properties.totalGlobalMem);
  device.clockHz = int64_t{khz} * 1000;
  return device;
}

std::string runtimeVersion() {
  int version = 0;
  check(cudaRuntimeGetVersion(&version), "version");
  return cudaVersionText(version);
}

void attention(const kernels::AttentionArgs& args, const at::Tensor& on) {
  // The allocator hands freed memory on in the order of the stream, so that it may go before the work is
  // done.
  const at::Tensor scratch =
      at::empty({int64_t(kernels::cudaScratchBytes(args))}, on.options().dtype(at::kByte));
  kernels::attentionCuda(args, {.stream = currentStream(), .scratch = scratch.data_ptr()});
}

void blockMass(const kernels::BlockMassArgs& args) {
  kernels::blockMassCuda(args, currentStream());
}

void synchronise() {
  check(cudaStreamSynchronize(currentStream()), "work on the GPU");
}

Mark Mark::here() {
  cudaEvent_t event = nullptr;
  check(cudaEventCreate(&event), "event");
  Mark mark;
  mark.m_event = std::shared_ptr<void>(event, [](void* e) { cudaEventDestroy(static_cast<cudaEvent_t>(e)); });
  check(cudaEventRecord(event, currentStream()), "event");
  return mark;
}

int64_t Mark::nsSince(const Mark& before) const {
  float ms = 0;
  check(cudaEventElapsedTime(&ms, static_cast<cudaEvent_t>(before.m_event.get()),
                             static_cast<cudaEvent_t>(m_event.get())),
        "event");
  return std::llround(double(ms) * 1e6);
}

}  // namespace ditscope::collector::cuda
