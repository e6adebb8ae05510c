// SPDX-License-Identifier: Apache-2.0
// DiTFastAttn's compression plan (arXiv 2406.08552, section 3): what computes the attention of each layer in
// each step. Stored as JSON with the names that the authors' code uses:
//   {"schema": "ditscope.compression-plan/1", "window": 0.125, "steps": [["full_attn", ...a layer each],
//   ...]}
// Other keys tell where it comes from and are left alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace ditscope::collector {

struct Treatment {
  enum class Attention : uint8_t {
    Full,
    Window,  // with the residual of the last full step (WA-RS)
    Share,   // the layer's output of the step before (AST)
  };
  Attention attention = Attention::Full;
  bool sharesBranches = false;  // the unconditional branch takes over the conditional one's output (ASC)

  bool operator==(const Treatment&) const = default;
};

// full_attn, residual_window_attn, output_share; with +cfg_attn_share behind the first two.
[[nodiscard]] std::string nameOf(const Treatment& treatment);

class CompressionPlan {
 public:
  CompressionPlan(int steps, int layers);  // full attention everywhere

  // Throws db::Error naming the file and what is wrong in it.
  [[nodiscard]] static CompressionPlan read(const std::filesystem::path& file);
  [[nodiscard]] nlohmann::json toJson() const;

  [[nodiscard]] int steps() const { return m_steps; }
  [[nodiscard]] int layers() const { return m_layers; }
  [[nodiscard]] const Treatment& at(int step, int layer) const { return m_treatments[index(step, layer)]; }
  Treatment& at(int step, int layer) { return m_treatments[index(step, layer)]; }

  // Of the state that `step` leaves behind: whether a later step reads it before another full step renews it,
  // and whether the next step does.
  [[nodiscard]] bool needsResidual(int step, int layer) const;
  [[nodiscard]] bool needsOutput(int step, int layer) const;

  double window = 0.125;  // keys on either side, as a share of the image or video tokens

 private:
  [[nodiscard]] size_t index(int step, int layer) const {
    return size_t(step) * size_t(m_layers) + size_t(layer);
  }

  int m_steps;
  int m_layers;
  std::vector<Treatment> m_treatments;  // [steps, layers]
};

}  // namespace ditscope::collector
