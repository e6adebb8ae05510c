// SPDX-License-Identifier: Apache-2.0
// Differentiable attention for training: LibTorch's fused kernel where it has one (2.0 and newer), else the
// same sum in plain tensor operations.
#pragma once

#include "collector/attention.h"

namespace ditscope::collector::train {

class FusedAttention final : public AttentionBackend {
 public:
  at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                    const AttentionContext& context) override;
};

}  // namespace ditscope::collector::train
