// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu_block.h"

#include <new>
#include <stdexcept>

#include "kernels/cpu_targets.h"

// Vectors without a fixed size cannot be kept in arrays, which the micro-kernels do; SSSE3 adds nothing to
// SSE4.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu_block.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd_query_block.h"
#include "kernels/simd_tile_sums.h"

HWY_BEFORE_NAMESPACE();
namespace ditscope::kernels::HWY_NAMESPACE {

BlockCounts computeQueryBlock(const CpuTask& task, const CpuTask* next, CpuScratch& scratch) {
  return QueryBlock(task, next, scratch).run();
}

}  // namespace ditscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ditscope::kernels {

HWY_EXPORT(computeQueryBlock);
HWY_EXPORT(convertRows);
HWY_EXPORT(computeTileSums);
HWY_EXPORT(sumExp2);

CpuScratch::CpuScratch(const Geometry& geometry) : attended(size_t(geometry.kBlock * geometry.qBlock / 8)) {
  const int64_t dim = ceilDiv(geometry.dim, 16) * 16;
  const auto parts = {std::pair{&qPanels, geometry.qBlock * dim},
                      {&qRows, 4 * dim},
                      {&scores, geometry.kBlock * geometry.qBlock},
                      {&rest, 16 * geometry.qBlock},
                      {&output, geometry.qBlock * dim},
                      {&max, geometry.qBlock},
                      {&sum, geometry.qBlock},
                      {&blockMax, geometry.qBlock},
                      {&rescale, geometry.qBlock},
                      {&lseRef, geometry.qBlock}};
  int64_t total = 0;
  for (const auto& [pointer, floats] : parts) total += floats;
  m_memory = hwy::AllocateAligned<float>(size_t(total));
  if (!m_memory) throw std::bad_alloc();
  float* next = m_memory.get();
  for (const auto& [pointer, floats] : parts) {
    *pointer = next;
    next += floats;  // always whole cache lines
  }
}

BlockCounts computeQueryBlock(const CpuTask& task, const CpuTask* next, CpuScratch& scratch) {
  return HWY_DYNAMIC_DISPATCH(computeQueryBlock)(task, next, scratch);
}

void convertRows(const Tensor4& tensor, int64_t b, int64_t h, int64_t row0, int64_t rows, float* out,
                 int64_t rowLength) {
  HWY_DYNAMIC_DISPATCH(convertRows)(tensor, b, h, row0, rows, out, rowLength);
}

void computeTileSums(const TileSums& sums) {
  HWY_DYNAMIC_DISPATCH(computeTileSums)(sums);
}

float sumExp2(const float* x, const float* shift, int64_t count) {
  return HWY_DYNAMIC_DISPATCH(sumExp2)(x, shift, count);
}

std::vector<std::string> cpuTargets() {
  std::vector<std::string> names;
  for (const int64_t target : hwy::SupportedAndGeneratedTargets())
    names.emplace_back(hwy::TargetName(target));
  return names;
}

void useCpuTarget(const std::string& name) {
  hwy::SetSupportedTargetsForTest(0);
  if (name.empty()) return;
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (name == hwy::TargetName(target)) return hwy::SetSupportedTargetsForTest(target);
  }
  throw std::invalid_argument("cpu target : this machine or build has no " + name);
}

}  // namespace ditscope::kernels
#endif
