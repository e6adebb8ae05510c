// SPDX-License-Identifier: Apache-2.0
#include "tests/device/soft/warpgroup_products.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <map>
#include <vector>

#include "tests/device/soft/soft_gpu.h"
#include "tests/device/soft/tensor_copy.h"

namespace ditscope::kernels::soft {
namespace {

constexpr int kRows = 64;
constexpr int kInner = 16;

// One thread's share: products not yet committed, committed groups, and the true values of its accumulators.
struct Lane {
  std::vector<Product> open;
  std::deque<std::vector<Product>> groups;
  std::map<float*, std::vector<float>> accumulators;
};

// A tile in shared memory as its descriptor says (PTX ISA, matrix descriptor).
class Tile {
 public:
  Tile(uint64_t descriptor, ToFloat toFloat)
      : m_start(uint32_t(descriptor & 0x3fff) << 4),
        m_leading(uint32_t(descriptor >> 16 & 0x3fff) << 4),
        m_stride(uint32_t(descriptor >> 32 & 0x3fff) << 4),
        m_rowBytes(descriptor >> 62 == 1 ? 128 : 32),
        m_toFloat(toFloat) {
    if (descriptor >> 62 != 1 && descriptor >> 62 != 3) fail("a descriptor without a swizzle that is known");
  }

  // Rows of the tile are rows of memory, the inner dimension is contiguous.
  [[nodiscard]] float rowMajor(int row, int inner) const {
    return read(uint32_t(row / 8) * m_stride + uint32_t(row % 8 * m_rowBytes + inner * 2));
  }
  // The inner dimension goes down the rows of memory.
  [[nodiscard]] float transposed(int column, int inner) const {
    const int perRow = m_rowBytes / 2;
    return read(uint32_t(inner / 8) * m_stride + uint32_t(inner % 8 * m_rowBytes) +
                uint32_t(column / perRow) * m_leading + uint32_t(column % perRow * 2));
  }

 private:
  [[nodiscard]] float read(uint32_t offset) const {
    uint16_t bits;
    std::memcpy(&bits, at(swizzled(m_start + offset, m_rowBytes), 2), 2);
    return m_toFloat(bits);
  }
  uint32_t m_start, m_leading, m_stride;
  int m_rowBytes;
  ToFloat m_toFloat;
};

// Fragment of A in registers: thread t of a warp has rows t / 4 and t / 4 + 8, and the pairs at 2 * (t % 4)
// and 8 behind.
void readWeights(const std::vector<const Product*>& lanes, float (&a)[kRows][kInner]) {
  for (int lane = 0; lane < kGroup; ++lane) {
    const Product& mine = *lanes[size_t(lane)];
    if (std::memcmp(mine.aRegisters, mine.aAtIssue, sizeof(mine.aAtIssue)) != 0)
      fail("weights changed while a product was to read them");
    const int row = lane / kWarp * 16 + lane % kWarp / 4;
    for (int r = 0; r < 4; ++r)
      for (int upper = 0; upper < 2; ++upper)
        a[row + r % 2 * 8][r / 2 * 8 + lane % 4 * 2 + upper] =
            mine.toFloat(uint16_t(mine.aAtIssue[r] >> (16 * upper)));
  }
}

void multiply(const std::vector<const Product*>& lanes,
              const std::vector<std::vector<float>*>& accumulators) {
  const Product& first = *lanes[0];
  for (const Product* lane : lanes)
    if (lane->columns != first.columns || lane->a != first.a || lane->b != first.b)
      fail("the threads of a warpgroup do not agree on a product");
  float a[kRows][kInner];
  if (first.aRegisters)
    readWeights(lanes, a);
  else
    for (int row = 0; row < kRows; ++row)
      for (int k = 0; k < kInner; ++k) a[row][k] = Tile(first.a, first.toFloat).rowMajor(row, k);
  const Tile tile(first.b, first.toFloat);
  std::vector<float> b(size_t(first.columns) * kInner);
  for (int column = 0; column < first.columns; ++column)
    for (int k = 0; k < kInner; ++k)
      b[size_t(column * kInner + k)] =
          first.aRegisters ? tile.transposed(column, k) : tile.rowMajor(column, k);
  for (int lane = 0; lane < kGroup; ++lane) {
    std::vector<float>& c = *accumulators[size_t(lane)];
    for (int i = 0; i < first.columns / 2; ++i) {
      const int row = lane / kWarp * 16 + lane % kWarp / 4 + (i % 4 >= 2 ? 8 : 0);
      const int column = i / 4 * 8 + lane % 4 * 2 + i % 2;
      float sum = first.accumulate ? c[size_t(i)] : 0;
      for (int k = 0; k < kInner; ++k) sum += a[row][k] * b[size_t(column * kInner + k)];
      c[size_t(i)] = sum;
    }
  }
}

void runGroup(const std::vector<Lane*>& lanes) {
  const size_t products = lanes[0]->groups.front().size();
  for (const Lane* lane : lanes)
    if (lane->groups.empty() || lane->groups.front().size() != products)
      fail("the threads of a warpgroup committed different products");
  for (size_t i = 0; i < products; ++i) {
    std::vector<const Product*> product;
    std::vector<std::vector<float>*> accumulators;
    for (Lane* lane : lanes) {
      product.push_back(&lane->groups.front()[i]);
      accumulators.push_back(&lane->accumulators.at(product.back()->c));
    }
    multiply(product, accumulators);
  }
  for (Lane* lane : lanes) lane->groups.pop_front();
}

// Registers that no product in flight writes any more get their values.
void giveBack(Lane& mine) {
  std::erase_if(mine.accumulators, [&](const auto& entry) {
    const auto writes = [&](const Product& product) { return product.c == entry.first; };
    for (const auto& group : mine.groups)
      if (std::any_of(group.begin(), group.end(), writes)) return false;
    if (std::any_of(mine.open.begin(), mine.open.end(), writes)) return false;
    std::copy(entry.second.begin(), entry.second.end(), entry.first);
    return true;
  });
}

}  // namespace

void issueProduct(Product product) {
  Lane& mine = ofThread<Lane>();
  if (product.aRegisters) std::copy_n(product.aRegisters, 4, product.aAtIssue);
  const auto [entry, isNew] = mine.accumulators.try_emplace(product.c);
  if (isNew) {
    entry->second.assign(product.c, product.c + product.columns / 2);
    std::fill_n(product.c, product.columns / 2, NAN);
  }
  mine.open.push_back(product);
}

void commitProducts() {
  Lane& mine = ofThread<Lane>();
  mine.groups.push_back(std::move(mine.open));
  mine.open.clear();
}

void waitProducts(int pending) {
  Lane& mine = ofThread<Lane>();
  const Parcel* all = exchangeInGroup({{uint64_t(reinterpret_cast<uintptr_t>(&mine))}});
  if (thread() % kGroup == 0) {
    std::vector<Lane*> lanes;
    for (int i = 0; i < kGroup; ++i) lanes.push_back(reinterpret_cast<Lane*>(uintptr_t(all[i].words[0])));
    while (int(mine.groups.size()) > pending) runGroup(lanes);
    for (Lane* lane : lanes) giveBack(*lane);
  }
  static_cast<void>(exchangeInGroup({}));
}

}  // namespace ditscope::kernels::soft
