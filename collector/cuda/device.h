// SPDX-License-Identifier: Apache-2.0
// The door to CUDA: all that the collector asks of a GPU beside LibTorch's operators. Builds without the CUDA
// kernels or without a CUDA LibTorch have it too, and then say so in absence().
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "db/model.h"
#include "kernels/attention.h"

namespace ditscope::collector::cuda {

struct Absence {
  std::string why;
  std::string remedy;
};
// Why attention cannot run on a GPU here; nothing when it can.
[[nodiscard]] std::optional<Absence> absence();

[[nodiscard]] db::Device currentDevice();    // id is left 0
[[nodiscard]] std::string runtimeVersion();  // for example 13.0; empty in a build without CUDA

// Both put work into the current stream and return. All pointers are on the device `on`'s tensor lies on.
void attention(const kernels::AttentionArgs& args, const at::Tensor& on);
void blockMass(const kernels::BlockMassArgs& args);

void synchronise();  // waits for the current stream; throws db::Error for what went wrong in it

// A place in the work of the current stream, for telling how long the work between two of them took. Copies
// are the same place. Used from any thread.
class Mark {
 public:
  Mark() = default;  // nowhere
  [[nodiscard]] static Mark here();
  [[nodiscard]] bool defined() const { return m_event != nullptr; }
  // Device time between two places that the device has passed, to about 0.5 us.
  [[nodiscard]] int64_t nsSince(const Mark& before) const;

 private:
  std::shared_ptr<void> m_event;
};

}  // namespace ditscope::collector::cuda
