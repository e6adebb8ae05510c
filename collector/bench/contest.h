// SPDX-License-Identifier: Apache-2.0
// All contenders for one shape, on the same random inputs: our kernel in its variants and dtypes, what
// LibTorch has, a flash loop over LibTorch's BLAS, and the FMA peak first of all.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "collector/bench/contender.h"
#include "kernels/attention.h"
#include "kernels/block_list_storage.h"

namespace ditscope::collector::bench {

inline constexpr const char* kPeakName = "fma-peak";

struct ContestOptions {
  std::vector<double> densities;
  int threads = 1;
  int block = kernels::kDefaultBlock;
  std::vector<std::string> only{};  // contenders whose name holds one of these, and the peak; empty = all
};

class Contest {  // contenders point into it, so it stays where it is; sets LibTorch's threads
 public:
  Contest(const Shape& shape, const ContestOptions& options);
  Contest(const Contest&) = delete;
  Contest& operator=(const Contest&) = delete;

  [[nodiscard]] std::span<const Contender> contenders() const { return m_contenders; }

  [[nodiscard]] const std::vector<std::string>& names() const { return m_names; }  // also of those left out

  // For checking: the inputs, f32 [B, H, N, D]; what the last attention that ran gave; and the lists of the
  // densities, in their order.
  [[nodiscard]] const at::Tensor& q() const { return m_inputs[0].q; }
  [[nodiscard]] const at::Tensor& k() const { return m_inputs[0].k; }
  [[nodiscard]] const at::Tensor& v() const { return m_inputs[0].v; }
  [[nodiscard]] const at::Tensor& result() const { return m_result; }
  [[nodiscard]] const std::deque<kernels::BlockListStorage>& lists() const { return m_lists; }

 private:
  struct Inputs {  // of one dtype
    std::string dtype;
    at::Tensor q, k, v, out;
  };

  void add(Contender contender);
  void addPeak();
  void addOwn(const Inputs& inputs, const std::string& suffix, const kernels::StatsOut* stats);
  void addDensity(double density);
  void addLibtorch();
  void runOwn(const Inputs& inputs, const kernels::StatsOut* stats, const kernels::BlockListStorage* lists);

  Shape m_shape;
  ContestOptions m_options;
  kernels::BlockGrid m_grid;
  std::array<Inputs, 3> m_inputs;  // f32, bf16, f16: the same numbers, rounded
  at::Tensor m_lse, m_result;
  std::vector<uint32_t> m_keptBits;
  std::vector<float> m_gap;
  std::vector<int16_t> m_rowLogMass;
  kernels::StatsOut m_bitsAndGap, m_logMass;
  std::deque<kernels::BlockListStorage> m_lists;
  std::vector<Contender> m_contenders;
  std::vector<std::string> m_names;
};

}  // namespace ditscope::collector::bench
