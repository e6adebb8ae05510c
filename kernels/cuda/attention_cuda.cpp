// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/attention_cuda.h"

#include <stdexcept>
#include <string>

#include "kernels/block_walk.h"
#include "kernels/cuda/launch.h"

namespace ditscope::kernels {
namespace cuda {

template <int kDim>
void launchWgmmaDim(const DeviceArgs& args, cudaStream_t stream);

void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess)
    throw std::runtime_error("CUDA: " + std::string(what) + ": " + cudaGetErrorString(status));
}

void launchWgmma(const DeviceArgs& args, cudaStream_t stream) {
  if (args.dim == 64) return launchWgmmaDim<64>(args, stream);
  if (args.dim == 72) return launchWgmmaDim<72>(args, stream);
  launchWgmmaDim<128>(args, stream);
}

}  // namespace cuda

namespace {

cuda::DeviceTensor deviceTensor(const Tensor4& tensor) {
  return {tensor.data, {tensor.stride[0], tensor.stride[1], tensor.stride[2]}};
}

cuda::DeviceArgs deviceArgs(const AttentionArgs& args) {
  const Geometry g(args);
  cuda::DeviceArgs to;
  to.q = deviceTensor(args.q);
  to.k = deviceTensor(args.k);
  to.v = deviceTensor(args.v);
  to.o = deviceTensor(args.o);
  to.dtype = args.q.dtype;
  to.oDtype = args.o.dtype;
  to.lse = args.lse;
  to.batches = int32_t(g.batches);
  to.heads = int32_t(g.heads);
  to.kvHeads = int32_t(g.kvHeads);
  to.queries = int32_t(g.queries);
  to.dim = int32_t(g.dim);
  to.validKeys = int32_t(g.validKeys);
  to.qBlock = int32_t(g.qBlock);
  to.kBlock = int32_t(g.kBlock);
  to.qBlocks = int32_t(g.qBlocks);
  to.kBlocks = int32_t(g.kBlocks);
  to.usableBlocks = int32_t(ceilDiv(g.validKeys, g.kBlock));
  to.items = int32_t(g.batches * g.heads * g.qBlocks);
  to.scale = g.scale;
  to.hasList = args.list != nullptr;
  if (args.list) to.list = *args.list;
  if (args.skip) to.skip = *args.skip;
  if (args.stats) to.stats = *args.stats;
  return to;
}

// TMA and cp.async move 16 bytes at a time.
bool isAligned(const Tensor4& tensor) {
  bool aligned = reinterpret_cast<uintptr_t>(tensor.data) % 16 == 0;
  for (int i = 0; i < 3; ++i) aligned = aligned && (tensor.stride[i] % 8 == 0 || tensor.size[i] == 1);
  return aligned;
}

bool runsMma(const AttentionArgs& args) {
  const int64_t dim = args.q.size[3];
  return args.q.dtype != DType::F32 && dim % 8 == 0 && dim <= 128 && isAligned(args.q) && isAligned(args.k) &&
         isAligned(args.v) && args.o.stride[0] % 2 == 0 && args.o.stride[1] % 2 == 0 &&
         args.o.stride[2] % 2 == 0;
}

bool runsWgmma(const AttentionArgs& args) {
  const Geometry g(args);
  const bool dim = g.dim == 64 || g.dim == 72 || g.dim == 128;
  const bool blocks = g.qBlock == g.kBlock && (g.qBlock == 64 || g.qBlock == 128);
  int device = 0;
  int major = 0;
  cuda::check(cudaGetDevice(&device), "device");
  cuda::check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "device");
  return runsMma(args) && dim && blocks && major == 9 && g.validKeys > 0;
}

void require(bool good, const char* why) {
  if (!good) throw std::invalid_argument("attention on CUDA : " + std::string(why));
}

void validateCall(const AttentionArgs& args) {
  validateShapes(args);
  require(args.scale >= 0, "the scale must not be negative");
  const int64_t kLimit = INT32_MAX;
  const Geometry g(args);
  require(g.queries < kLimit && g.keys < kLimit && g.batches * g.heads * g.qBlocks < kLimit, "too many rows");
}

// A dense call that nobody watches goes by wider query blocks where the kernel gains from them; the same key
// blocks in the same order keep every row's arithmetic as it is.
void widenQueryBlocks(cuda::DeviceArgs& args, CudaVariant variant) {
  const StatsOut& stats = args.stats;
  const bool watched = stats.keptBits || stats.gap || stats.rowLogMass || stats.counters;
  if (variant != CudaVariant::Mma || args.kBlock != 64 || args.hasList || watched) return;
  if (args.skip.kind != SkipRule::Kind::None || args.stamps) return;
  args.qBlock = 128;
  args.qBlocks = int32_t(ceilDiv(args.queries, args.qBlock));
  args.items = args.batches * args.heads * args.qBlocks;
}

// [order: an item each][next item][bins]
int32_t* after(void* scratch, int64_t integers) {
  return static_cast<int32_t*>(scratch) + integers;
}

}  // namespace

size_t cudaScratchBytes(const AttentionArgs& args) {
  const Geometry g(args);
  const int64_t items = g.batches * g.heads * g.qBlocks;
  return size_t(items + items % 2 + 2 + cuda::kOrderBins + 2) * sizeof(int32_t);
}

CudaVariant cudaVariantFor(const AttentionArgs& args) {
  validateCall(args);
  if (runsWgmma(args)) return CudaVariant::Wgmma;
  return runsMma(args) ? CudaVariant::Mma : CudaVariant::Plain;
}

void attentionCuda(const AttentionArgs& args, const CudaCall& call) {
  validateCall(args);
  const CudaVariant variant = call.variant == CudaVariant::Auto ? cudaVariantFor(args) : call.variant;
  require(variant != CudaVariant::Mma || runsMma(args), "the mma kernel cannot run this shape or layout");
  require(variant != CudaVariant::Wgmma || runsWgmma(args),
          "the wgmma kernel cannot run this shape, layout or device");
  cuda::DeviceArgs device = deviceArgs(args);
  cuda::prepareStats(device, call.stream);
  if (device.items == 0) return;
  device.stamps = call.stamps;
  widenQueryBlocks(device, variant);
  if (variant == CudaVariant::Plain) return cuda::launchPlain(device, call.stream);
  require(call.scratch != nullptr, "scratch memory is missing");
  const int64_t even = device.items + device.items % 2;
  int32_t* order = after(call.scratch, 0);
  device.nextItem = after(call.scratch, even);
  cuda::orderItems(device, order, device.nextItem, after(call.scratch, even + 2), call.stream);
  if (device.hasList) device.order = order;
  variant == CudaVariant::Mma ? cuda::launchMma(device, call.stream) : cuda::launchWgmma(device, call.stream);
}

}  // namespace ditscope::kernels
