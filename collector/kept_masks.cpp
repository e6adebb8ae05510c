// SPDX-License-Identifier: Apache-2.0
#include "collector/kept_masks.h"

#include <ATen/ATen.h>

#include <bit>
#include <span>

namespace ditscope::collector {
namespace {

db::BlockMask maskFromBits(std::span<const int32_t> bits, int32_t rows, int32_t cols) {
  db::BlockMask mask(rows, cols);
  const int32_t words = (cols + 31) / 32;
  for (int32_t row = 0; row < rows; ++row) {
    for (int32_t word = 0; word < words; ++word) {
      for (auto rest = uint32_t(bits[size_t(row * words + word)]); rest != 0; rest &= rest - 1) {
        mask.set(row, word * 32 + std::countr_zero(rest), db::BlockState::Full);
      }
    }
  }
  return mask;
}

void markPartial(const HeadLaunch& head, db::BlockMask& mask) {
  const kernels::BlockListStorage* lists = head.launch->lists.get();
  if (lists == nullptr || lists->partialOffset.empty()) return;
  const size_t first = head.place * size_t(lists->headStride);
  for (int32_t row = 0; row < mask.rows(); ++row) {
    for (int32_t i = lists->rowStart[first + size_t(row)]; i < lists->rowStart[first + size_t(row) + 1];
         ++i) {
      const uint32_t entry = lists->entry[size_t(i)];
      const auto col = int32_t(entry & kernels::kKeyBlockMask);
      if ((entry & kernels::kPartialEntry) != 0 && mask.at(row, col) == db::BlockState::Full) {
        mask.set(row, col, db::BlockState::Partial);
      }
    }
  }
}

}  // namespace

std::vector<HeadLaunch> headLaunches(const Plan& plan, int64_t heads) {
  std::vector<HeadLaunch> result(static_cast<size_t>(heads));
  for (const Launch& launch : plan.launches) {
    const size_t count = launch.heads.empty() ? result.size() : launch.heads.size();
    for (size_t i = 0; i < count; ++i) {
      result[launch.heads.empty() ? i : size_t(launch.heads[i])] = {&launch, i};
    }
  }
  return result;
}

std::vector<db::BlockMask> keptMasks(const std::vector<HeadLaunch>& heads, const PlanResult& result,
                                     int32_t rows, int32_t cols) {
  const at::Tensor bits = result.kernel.keptBits;
  const auto perHead = size_t(bits.numel()) / heads.size();
  const auto* words = static_cast<const int32_t*>(bits.data_ptr());
  std::vector<db::BlockMask> masks;
  for (size_t h = 0; h < heads.size(); ++h) {
    masks.push_back(maskFromBits({words + h * perHead, perHead}, rows, cols));
    markPartial(heads[h], masks.back());
  }
  return masks;
}

}  // namespace ditscope::collector
