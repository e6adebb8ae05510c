// SPDX-License-Identifier: Apache-2.0
// A sparsity method: before each self-attention call it says which blocks to compute, afterwards it sees the
// result and may keep what later steps need, or change the output (scale it, add a residual).
// An object serves one generation; its state is keyed by (layer, branch) with PerBranch. To add a method,
// write one file here with a function that returns its MethodInfo, and name it in registry.cpp.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "collector/methods/parameters.h"
#include "db/model.h"
#include "kernels/attention.h"
#include "kernels/block_list_storage.h"

namespace ditscope::collector {

struct MethodCall {
  int step = 0;
  int layer = 0;
  db::Branch branch = db::Branch::Cond;
  at::Tensor q;  // [H, Nq, D]
  at::Tensor k;  // [H, Nk, D]
  db::TokenGrid grid;
  db::TextSpan text;
  int block = 64;  // width of query and key blocks

  [[nodiscard]] int heads() const { return int(q.size(0)); }
  [[nodiscard]] int64_t queries() const { return q.size(1); }
  [[nodiscard]] int64_t keys() const { return k.size(1); }
};

struct Plan {
  std::string kind = "dense";  // dense, search (dense, to learn from), sparse, reuse
  std::shared_ptr<const kernels::BlockListStorage> lists = nullptr;  // null = every block
  kernels::SkipRule skip = {};
  bool wantMass = false;  // observe() needs the block masses
};

struct MethodResult {
  at::Tensor out;   // [H, Nq, D]; what the model goes on with
  at::Tensor lse;   // [H, Nq] over the keys that were attended
  at::Tensor mass;  // [H, query blocks, key blocks] when the plan wanted it, else undefined
};

class Method {
 public:
  virtual ~Method() = default;
  virtual Plan plan(const MethodCall& call) = 0;
  virtual void observe(const MethodCall& /*call*/, MethodResult& /*result*/) {}
};

template <class State>
class PerBranch {
 public:
  State& operator()(const MethodCall& call) { return m_states[{call.layer, call.branch}]; }

 private:
  std::map<std::pair<int, db::Branch>, State> m_states;
};

struct MethodInfo {
  std::string name;
  std::string help;
  std::vector<ParameterSpec> parameters;
  std::function<std::unique_ptr<Method>(const Parameters&)> make;
};

}  // namespace ditscope::collector
