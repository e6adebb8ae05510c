// SPDX-License-Identifier: Apache-2.0
// One attention problem that owns its inputs and outputs, and the variants that the conformance suite runs.
// Everything lies in host memory; a variant that computes elsewhere copies.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "kernels/attention.h"
#include "kernels/block_list_storage.h"

namespace ditscope::kernels::test {

enum class Layout { Bhnd, Bnhd, Padded };

struct Shape {
  int64_t batches = 1, heads = 2, kvHeads = 2, queries = 100, keys = 100, dim = 64;
  int32_t block = 64;
  DType dtype = DType::F32;
  Layout layout = Layout::Bhnd;

  [[nodiscard]] int64_t qBlocks() const { return (queries + block - 1) / block; }
  [[nodiscard]] int64_t kBlocks() const { return (keys + block - 1) / block; }
  [[nodiscard]] int64_t rows() const { return batches * heads * queries; }
};
std::ostream& operator<<(std::ostream& out, const Shape& shape);

struct Variant {
  std::string name;
  std::function<void(const AttentionArgs&)> run;
  double relativeError = 5e-6;  // of O against the fp64 reference
  double lseError = 1e-5;       // absolute
  // The nearest shape that the kernel can run; null = every shape as it is.
  std::function<Shape(Shape)> adapt = nullptr;
  // Whether it runs lists of these block widths.
  std::function<bool(int32_t qBlock, int32_t kBlock)> runsBlocks = nullptr;
};

// What the linked test program has to try; each program defines it.
std::vector<Variant> variants();
std::ostream& operator<<(std::ostream& out, const Variant& variant);

// A tensor with memory of its own; unused memory between rows holds NaN.
class HostTensor {
 public:
  HostTensor(const int64_t (&size)[4], DType dtype, Layout layout);
  void fillNormal(std::mt19937& random, float deviation);
  [[nodiscard]] float at(int64_t b, int64_t h, int64_t n, int64_t d) const;
  void set(int64_t b, int64_t h, int64_t n, int64_t d, float value);
  [[nodiscard]] const Tensor4& view() const { return m_view; }

 private:
  Tensor4 m_view;
  std::vector<uint64_t> m_memory;
};

struct Stats {
  explicit Stats(const Shape& shape);
  std::vector<uint32_t> keptBits;
  std::vector<float> gap;
  std::vector<int16_t> rowLogMass;
  std::vector<int64_t> counters;
  StatsOut out;
};

class AttentionCase {
 public:
  AttentionCase(const Shape& shape, uint32_t seed, float logitDeviation = 1);

  // A new call without list, rule or statistics; outputs are poisoned first.
  [[nodiscard]] AttentionArgs args();

  // Shifts the logits of whole key blocks by up to 6 either way, so that there is something to skip.
  void favourSomeKeyBlocks();

  Shape shape;
  HostTensor q, k, v, o;
  std::vector<float> lse;
};

// [rows][dim] and [rows], rows in the order (b, h, n).
struct Result {
  std::vector<float> o;
  std::vector<float> lse;
};
Result run(const Variant& variant, AttentionCase& problem, const AttentionArgs& args);
Result runReference(AttentionCase& problem, const AttentionArgs& args);

// || a - b || / || b ||; infinite when one of them has a NaN where the other has none.
double relativeError(const std::vector<float>& a, const std::vector<float>& b);
// Largest difference; equal infinities differ by 0, a NaN by infinity.
double largestDifference(const std::vector<float>& a, const std::vector<float>& b);

// A mask of [lists][qBlocks][kBlocks] with about that share of blocks kept.
std::vector<uint8_t> randomMask(const BlockGrid& grid, double density, std::mt19937& random);
// A list of one per (batch, head) in random visiting order; a share of the entries is partial with random
// bits.
BlockListStorage randomList(const Shape& shape, double density, double partialShare, std::mt19937& random);

}  // namespace ditscope::kernels::test
