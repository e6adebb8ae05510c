// SPDX-License-Identifier: Apache-2.0
// The one door through which every attention call of every model passes. A backend computes it (plain,
// instrumented, sparse); the context says where in the sampling run the call stands.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "db/model.h"

namespace ditscope::collector {

struct AttentionContext {
  int step = 0;
  int layer = 0;
  db::AttnKind kind = db::AttnKind::Self;
  std::vector<db::Branch> branchOfRow;  // [B]: which guidance branch each batch row belongs to
  db::TokenGrid grid;                   // of the video or image tokens of the sequence
  db::TextSpan text;                    // text tokens inside the sequence (joint attention)
};

class AttentionBackend {
 public:
  virtual ~AttentionBackend() = default;
  // q: [B, H, Nq, D], k and v: [B, H, Nk, D], after normalisation and RoPE; returns [B, H, Nq, D] of q's
  // dtype. Scale is 1 / sqrt(D). Called from the sampling thread only.
  virtual at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const AttentionContext& context) = 0;
  // All work of a sampling step is under way: on a GPU, returns when it is done.
  virtual void endStep() {}
};

// Differentiable softmax attention in plain tensor operations; what training and golden tests use.
class PlainAttention final : public AttentionBackend {
 public:
  at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                    const AttentionContext& context) override;
};

}  // namespace ditscope::collector
