// SPDX-License-Identifier: Apache-2.0
#include "tests/kernels/attention_case.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <ostream>

#include "kernels/half_types.h"

namespace ditscope::kernels::test {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

int64_t offset(const Tensor4& view, int64_t b, int64_t h, int64_t n, int64_t d) {
  return b * view.stride[0] + h * view.stride[1] + n * view.stride[2] + d;
}

Result collect(AttentionCase& problem) {
  Result result;
  const Shape& shape = problem.shape;
  for (int64_t b = 0; b < shape.batches; ++b)
    for (int64_t h = 0; h < shape.heads; ++h)
      for (int64_t n = 0; n < shape.queries; ++n)
        for (int64_t d = 0; d < shape.dim; ++d) result.o.push_back(problem.o.at(b, h, n, d));
  result.lse = problem.lse;
  return result;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  const char* const dtypes[] = {"f32", "f16", "bf16"};
  const char* const layouts[] = {"BHND", "BNHD", "padded"};
  return out << "B" << shape.batches << " H" << shape.heads << "/" << shape.kvHeads << " N" << shape.queries
             << "x" << shape.keys << " D" << shape.dim << " block " << shape.block << " "
             << dtypes[int(shape.dtype)] << " " << layouts[int(shape.layout)];
}

std::ostream& operator<<(std::ostream& out, const Variant& variant) {
  return out << variant.name;
}

HostTensor::HostTensor(const int64_t (&size)[4], DType dtype, Layout layout) {
  std::copy(size, size + 4, m_view.size);
  const int64_t rowLength = layout == Layout::Padded ? size[3] + 8 : size[3];
  const bool rowsOutside = layout == Layout::Bnhd;
  m_view.dtype = dtype;
  m_view.stride[3] = 1;
  m_view.stride[2] = rowsOutside ? rowLength * size[1] : rowLength;
  m_view.stride[1] = rowsOutside ? rowLength : rowLength * size[2];
  m_view.stride[0] = rowLength * size[1] * size[2];
  const int64_t count = size[0] * m_view.stride[0];
  m_memory.resize(size_t(count) / 2 + 8);
  m_view.data = m_memory.data();
  for (int64_t i = 0; i < count; ++i) storeElement(m_view.data, dtype, i, kNaN);
}

void HostTensor::fillNormal(std::mt19937& random, float deviation) {
  std::normal_distribution<float> normal(0, deviation);
  for (int64_t b = 0; b < m_view.size[0]; ++b)
    for (int64_t h = 0; h < m_view.size[1]; ++h)
      for (int64_t n = 0; n < m_view.size[2]; ++n)
        for (int64_t d = 0; d < m_view.size[3]; ++d) set(b, h, n, d, normal(random));
}

float HostTensor::at(int64_t b, int64_t h, int64_t n, int64_t d) const {
  return loadElement(m_view.data, m_view.dtype, offset(m_view, b, h, n, d));
}

void HostTensor::set(int64_t b, int64_t h, int64_t n, int64_t d, float value) {
  storeElement(m_view.data, m_view.dtype, offset(m_view, b, h, n, d), value);
}

Stats::Stats(const Shape& shape) {
  const int64_t lists = shape.batches * shape.heads;
  // Poison, so that a field that a kernel forgets to write is seen.
  keptBits.assign(size_t(lists * shape.qBlocks() * ((shape.kBlocks() + 31) / 32)), 0xdeadbeefu);
  gap.assign(size_t(lists * shape.qBlocks() * shape.kBlocks()), -12345.0f);
  rowLogMass.assign(size_t(lists * shape.kBlocks() * shape.queries), 12345);
  counters.assign(size_t(lists * 4), -1);
  out = {keptBits.data(), gap.data(), rowLogMass.data(), counters.data()};
}

AttentionCase::AttentionCase(const Shape& s, uint32_t seed, float logitDeviation)
    : shape(s),
      q({s.batches, s.heads, s.queries, s.dim}, s.dtype, s.layout),
      k({s.batches, s.kvHeads, s.keys, s.dim}, s.dtype, s.layout),
      v({s.batches, s.kvHeads, s.keys, s.dim}, s.dtype, s.layout),
      o({s.batches, s.heads, s.queries, s.dim}, DType::F32, s.layout),
      lse(size_t(s.rows())) {
  std::mt19937 random(seed);
  q.fillNormal(random, logitDeviation);
  k.fillNormal(random, 1);
  v.fillNormal(random, 1);
}

AttentionArgs AttentionCase::args() {
  AttentionArgs args;
  args.q = q.view();
  args.k = k.view();
  args.v = v.view();
  args.o = o.view();
  args.lse = lse.data();
  args.defaultBlock = shape.block;
  return args;
}

void AttentionCase::favourSomeKeyBlocks() {
  const float root = std::sqrt(std::sqrt(float(shape.dim)));
  for (int64_t b = 0; b < shape.batches; ++b) {
    for (int64_t h = 0; h < shape.heads; ++h)
      for (int64_t n = 0; n < shape.queries; ++n) q.set(b, h, n, 0, root);
    for (int64_t h = 0; h < shape.kvHeads; ++h)
      for (int64_t n = 0; n < shape.keys; ++n)
        k.set(b, h, n, 0, 6 * root * std::sin(float(h + 2 * (n / shape.block))));
  }
}

Result run(const Variant& variant, AttentionCase& problem, const AttentionArgs& args) {
  const Shape& shape = problem.shape;
  problem.o = HostTensor({shape.batches, shape.heads, shape.queries, shape.dim}, args.o.dtype, shape.layout);
  std::fill(problem.lse.begin(), problem.lse.end(), 777.0f);
  AttentionArgs fresh = args;
  fresh.o = problem.o.view();
  variant.run(fresh);
  return collect(problem);
}

Result runReference(AttentionCase& problem, const AttentionArgs& args) {
  return run({"reference", attentionReference}, problem, args);
}

double relativeError(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0;
  double norm = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    if (std::isnan(a[i]) != std::isnan(b[i])) return INFINITY;
    if (std::isnan(b[i])) continue;
    difference += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
    norm += double(b[i]) * b[i];
  }
  return difference == 0 ? 0 : std::sqrt(difference / norm);
}

double largestDifference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    const double difference = std::abs(double(a[i]) - b[i]);
    largest = std::isnan(difference) ? INFINITY : std::max(largest, difference);
  }
  return largest;
}

std::vector<uint8_t> randomMask(const BlockGrid& grid, double density, std::mt19937& random) {
  std::bernoulli_distribution keep(density);
  std::vector<uint8_t> mask(static_cast<size_t>(grid.blocks()));
  for (uint8_t& block : mask) block = keep(random);
  return mask;
}

BlockListStorage randomList(const Shape& shape, double density, double partialShare, std::mt19937& random) {
  const BlockGrid grid{shape.batches * shape.heads, shape.qBlocks(), shape.kBlocks()};
  std::vector<float> weight(static_cast<size_t>(grid.blocks()));
  for (float& w : weight) w = std::uniform_real_distribution<float>()(random);
  BlockListStorage list =
      listFromMask(grid, randomMask(grid, density, random), shape.block, shape.block, {shape.heads}, weight);
  std::bernoulli_distribution isPartial(partialShare);
  list.partialOffset.assign(list.entry.size(), 0);
  for (size_t i = 0; i < list.entry.size(); ++i) {
    if (!isPartial(random)) continue;
    list.entry[i] |= kPartialEntry;
    list.partialOffset[i] = int64_t(list.partialBits.size());
    // Sparse words and empty ones too, so that some rows of a block attend nothing.
    for (int32_t word = 0; word < shape.block * shape.block / 64; ++word) {
      const uint64_t bits = uint64_t(random()) << 32 | random();
      list.partialBits.push_back(word % 3 == 0 ? 0 : bits);
    }
  }
  return list;
}

}  // namespace ditscope::kernels::test
