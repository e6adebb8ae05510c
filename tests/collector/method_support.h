// SPDX-License-Identifier: Apache-2.0
// What the tests of the sparsity methods share: random calls, the mask of tokens that a plan stands for, and
// plain attention in fp64 under such a mask.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

#include "collector/instrumented_attention.h"
#include "collector/methods/method.h"

namespace ditscope::collector::test {

struct CallShape {
  int64_t heads = 2;
  db::TokenGrid grid = {4, 4, 8};
  db::TextSpan text = {};  // its tokens come on top of the grid's
  int64_t dim = 16;
  int block = 32;
};

// N(0, 1) f32 of a seed.
at::Tensor randomTensor(uint64_t seed, at::IntArrayRef shape);

MethodCall randomCall(const CallShape& shape, uint64_t seed = 1);
// The same tensors at another place of the generation.
MethodCall callAt(const MethodCall& call, int step, int layer = 0, db::Branch branch = db::Branch::Cond);

// `steps` steps with timesteps from 1 down.
SamplingPlan samplingPlan(int steps, int layers = 1, int heads = 2);
std::unique_ptr<Method> makeMethod(const std::string& text, const SamplingPlan& plan = samplingPlan(1));

// [H, Nq, Nk] bool in the model's order of tokens: who attends whom, from the lists, partial bits and token
// orders of the plan, in-loop skips not counted.
at::Tensor tokenMask(const Plan& plan, const MethodCall& call);

// softmax(q k^T / sqrt(D)) v in fp64 under a mask that broadcasts to [H, Nq, Nk]; an empty row gives 0.
at::Tensor maskedAttention(const MethodCall& call, const at::Tensor& mask);

// Runs the plan with the kernel: [H, Nq, D] in the model's order.
at::Tensor runKernel(const Plan& plan, const MethodCall& call);

// And what the backend hands to observe() of it.
MethodResult resultOf(const Plan& plan, const MethodCall& call);

double largest(const at::Tensor& x);  // absolute value

// A method at work: what the model gets of each call, in the order in which they are made.
class Generation {
 public:
  explicit Generation(std::unique_ptr<Method> method, int block = 32);
  at::Tensor attend(const MethodCall& call);  // [H, Nq, D]

 private:
  RunClock m_clock;
  InstrumentedAttention m_attention;
};

}  // namespace ditscope::collector::test
