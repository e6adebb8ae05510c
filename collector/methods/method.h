// SPDX-License-Identifier: Apache-2.0
// A sparsity method: before each self-attention call it says which launches of the kernel compute it (blocks,
// in-loop skips, order of the tokens, or an output that is reused), afterwards it sees the result and may
// keep what later steps need, or change the output (scale it, add a residual).
// An object serves one generation; its state is keyed by (layer, branch) with PerBranch. To add a method,
// write one file here with a function that returns its MethodInfo, and name it in registry.cpp.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "collector/methods/parameters.h"
#include "db/model.h"
#include "kernels/attention.h"
#include "kernels/block_list_storage.h"

namespace ditscope::collector {

// What a generation will do, known before its first step.
struct SamplingPlan {
  std::vector<double> timesteps = {1};  // of each step, as a share of the training timesteps; falling
  int layers = 1;                       // with self-attention
  int heads = 1;
  std::vector<bool> denseSteps = {};  // steps that a configuration makes dense; empty = none

  [[nodiscard]] int steps() const { return int(timesteps.size()); }
};

struct MethodCall {
  int step = 0;
  int layer = 0;
  db::Branch branch = db::Branch::Cond;  // within a step cond comes before uncond
  at::Tensor q;                          // [H, Nq, D]
  at::Tensor k;                          // [H, Nk, D]
  at::Tensor v;                          // [H, Nk, D]
  db::TokenGrid grid;
  db::TextSpan text;
  int block = 64;  // width of query and key blocks

  [[nodiscard]] int64_t heads() const { return q.size(0); }
  [[nodiscard]] int64_t queries() const { return q.size(1); }
  [[nodiscard]] int64_t keys() const { return k.size(1); }
};

// Tokens put into another order before the kernel runs, and back afterwards.
struct TokenPermutation {
  db::TokenOrder name = db::TokenOrder::FrameMajor;
  at::Tensor q, k;  // int64, [N] or [heads of the launch, N]: the token that stands at each place; undefined
                    // = as the model has them
};

// One launch of the kernel, over some of the call's heads.
struct Launch {
  std::vector<int64_t> heads = {};  // ascending; empty = all heads of the call
  // In the permuted order; null = every block. One list for all heads of the launch, or one a head.
  std::shared_ptr<const kernels::BlockListStorage> lists = nullptr;
  kernels::SkipRule skip = {};  // its pointers are set from the two tensors here
  at::Tensor lnLambda = {};     // [heads of the launch] f32; overrides skip.lnLambda
  at::Tensor lseRef = {};       // [heads of the launch, Nq] f32; for SkipRule::Kind::MassBound
  TokenPermutation order = {};
  at::Tensor output = {};  // [heads of the launch, Nq, D]: is the result, and no kernel runs

  [[nodiscard]] bool computesAll() const {
    return lists == nullptr && skip.kind == kernels::SkipRule::Kind::None && !output.defined();
  }
};

struct Plan {
  std::string kind = "dense";                    // dense, search (to learn from it), sparse, reuse
  std::vector<Launch> launches = {Launch{}};     // together every head once
  std::vector<db::HeadDecision> decisions = {};  // none, one for all heads, or one a head; method and order
                                                 // are filled in by the caller
  bool wantMass = false;  // observe() needs the block masses, of launches that compute all blocks
  bool wantGaps = false;  // observe() needs the gaps of the blocks, see kernels::StatsOut::gap
};

[[nodiscard]] inline Plan sparsePlan(std::shared_ptr<const kernels::BlockListStorage> lists,
                                     std::vector<db::HeadDecision> decisions = {}) {
  return {.kind = "sparse", .launches = {{.lists = std::move(lists)}}, .decisions = std::move(decisions)};
}

// In the model's order of tokens, but for mass and gaps, which are in the order of the head's launch.
struct MethodResult {
  at::Tensor out;   // [H, Nq, D]; what the model goes on with
  at::Tensor lse;   // [H, Nq] f32 over the keys that were attended; -inf for heads whose output was given
  at::Tensor mass;  // [H, query blocks, key blocks] when the plan wanted it, else undefined
  at::Tensor gaps;  // likewise
};

class Method {
 public:
  virtual ~Method() = default;
  virtual Plan plan(const MethodCall& call) = 0;
  virtual void observe(const MethodCall& /*call*/, MethodResult& /*result*/) {}

  std::string name;  // as registered; set by the one who makes the object
};

template <class State>
class PerBranch {
 public:
  State& operator()(const MethodCall& call) { return (*this)(call.layer, call.branch); }
  State& operator()(int layer, db::Branch branch) { return m_states[{layer, branch}]; }

 private:
  std::map<std::pair<int, db::Branch>, State> m_states;
};

// The parameter that sets how much a method keeps: the density grows from one end to the other.
struct Knob {
  std::string key;
  double sparsest = 0;
  double densest = 1;
  bool logarithmic = false;  // halves by ratio, for searching it; both ends are positive then
};

struct MethodInfo {
  std::string name;
  std::string help;          // one line
  std::string source;        // paper
  std::string cost;          // what it costs besides the kernel: time a step, memory
  std::optional<Knob> knob;  // none for methods without such a parameter
  std::vector<ParameterSpec> parameters;
  std::function<std::unique_ptr<Method>(const Parameters&, const SamplingPlan&)> make;
  bool onDevice = false;  // works on tensors on a GPU as they are; others are given copies in host memory
};

}  // namespace ditscope::collector
