// SPDX-License-Identifier: Apache-2.0
#include "collector/models/blocks.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "db/error.h"
#include "kernels/gelu.h"

namespace ditscope::collector {

const at::Tensor& Weights::operator[](const std::string& name) const {
  const auto found = m_map->find(m_prefix + name);
  if (found == m_map->end()) {
    throw db::Error(db::Error::Kind::BadInput, m_prefix + name, "the checkpoint has no such tensor",
                    "check that config.json and the weights belong together");
  }
  return found->second;
}

void checkShapes(const TensorMap& weights, const std::map<std::string, std::vector<int64_t>>& expected,
                 const std::string& className) {
  for (const auto& [name, shape] : expected) {
    const at::Tensor& tensor = Weights(weights)[name];
    if (tensor.sizes() != at::IntArrayRef(shape)) {
      throw db::Error(db::Error::Kind::BadInput, name,
                      fmt::format("has shape [{}], but {} needs [{}]", fmt::join(tensor.sizes(), ", "),
                                  className, fmt::join(shape, ", ")),
                      "check that config.json and the weights belong together");
    }
  }
}

at::Tensor timestepFeatures(const at::Tensor& t, int64_t dim, double shift) {
  const int64_t half = dim / 2;
  const at::Tensor k = at::arange(half, t.options().dtype(at::kFloat));
  const at::Tensor frequency = at::exp(k * (-std::log(10000.0) / (static_cast<double>(half) - shift)));
  const at::Tensor angle = t.to(at::kFloat).unsqueeze(-1) * frequency;
  return at::cat({at::cos(angle), at::sin(angle)}, -1);
}

at::Tensor linear(const at::Tensor& x, const Weights& w) {
  const at::Tensor& weight = w["weight"];
  return at::linear(x.to(weight.scalar_type()), weight, w["bias"]);
}

namespace {

// Overwrites the hidden layer, which nobody else holds; LibTorch's own where there is another device or
// dtype, or a gradient to come.
at::Tensor geluTanh(at::Tensor hidden) {
  const bool differentiated = c10::GradMode::is_enabled() && hidden.requires_grad();
  if (!hidden.is_cpu() || hidden.scalar_type() != at::kFloat || !hidden.is_contiguous() || differentiated) {
    return at::gelu(hidden, "tanh");
  }
  float* values = hidden.data_ptr<float>();
  kernels::geluTanh(values, values, hidden.numel(), at::get_num_threads());
  return hidden;
}

}  // namespace

at::Tensor mlp2(const at::Tensor& x, const Weights& w, Activation activation) {
  const at::Tensor hidden = linear(x, w.at("linear_1"));
  return linear(activation == Activation::Silu ? at::silu(hidden) : geluTanh(hidden), w.at("linear_2"));
}

at::Tensor feedForward(const at::Tensor& x, const Weights& w) {
  return linear(geluTanh(linear(x, w.at("net.0.proj"))), w.at("net.2"));
}

at::Tensor layerNorm(const at::Tensor& x, double eps, const at::Tensor& weight, const at::Tensor& bias) {
  const int64_t channels = x.size(-1);
  return at::layer_norm(x.to(at::kFloat), {channels}, weight, bias, eps).to(x.scalar_type());
}

at::Tensor rmsNorm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const at::Tensor wide = x.to(at::kFloat);
  const at::Tensor norm = at::linalg_vector_norm(wide, 2, -1, true);
  const at::Tensor scale = at::rsqrt(norm.square() / wide.size(-1) + eps);
  return (wide * scale).to(weight.scalar_type()) * weight;
}

at::Tensor modulate(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale) {
  return at::addcmul(shift, x, 1 + scale).to(x.scalar_type());
}

at::Tensor gatedSum(const at::Tensor& x, const at::Tensor& gate, const at::Tensor& update) {
  return at::addcmul(x, gate, update).to(x.scalar_type());
}

at::Tensor ropeTable(const db::TokenGrid& grid, const std::vector<int64_t>& dims, double theta) {
  const std::vector<int64_t> extent{grid.frames, grid.rows, grid.cols};
  std::vector<at::Tensor> angles;
  for (size_t axis = 0; axis < extent.size(); ++axis) {
    const at::Tensor k = at::arange(0, dims[axis], 2, at::kDouble) / static_cast<double>(dims[axis]);
    const at::Tensor frequency = at::pow(theta, -k);
    std::vector<int64_t> shape{1, 1, 1, dims[axis] / 2};
    shape[axis] = extent[axis];
    angles.push_back(at::outer(at::arange(extent[axis], at::kDouble), frequency)
                         .view(shape)
                         .expand({extent[0], extent[1], extent[2], dims[axis] / 2}));
  }
  const at::Tensor angle = at::cat(angles, -1).view({grid.count(), 1, -1});
  return at::complex(at::cos(angle), at::sin(angle)).to(at::kComplexFloat);
}

at::Tensor applyRope(const at::Tensor& x, const at::Tensor& table) {
  const std::vector<int64_t> pairs{x.size(0), x.size(1), x.size(2), x.size(3) / 2, 2};
  const at::Tensor rotated = at::view_as_complex(x.to(at::kFloat).reshape(pairs)) * table;
  return at::view_as_real(rotated).flatten(-2).to(x.scalar_type());
}

at::Tensor splitHeads(const at::Tensor& x, int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads});
}

at::Tensor mergeHeads(const at::Tensor& x) {
  return x.transpose(1, 2).flatten(2);
}

at::Tensor patchEmbed(const at::Tensor& x, const Weights& w) {
  const at::Tensor& weight = w["weight"];
  const auto patch = weight.sizes().slice(2);
  const at::Tensor patches = x.to(weight.scalar_type())
                                 .reshape({x.size(0), x.size(1), x.size(2) / patch[0], patch[0],
                                           x.size(3) / patch[1], patch[1], x.size(4) / patch[2], patch[2]})
                                 .permute({0, 2, 4, 6, 1, 3, 5, 7})
                                 .flatten(4)
                                 .flatten(1, 3);
  return at::linear(patches, weight.flatten(1), w["bias"]);
}

at::Tensor unpatchify(const at::Tensor& tokens, const db::TokenGrid& grid,
                      const std::vector<int64_t>& patch) {
  return tokens.view({tokens.size(0), grid.frames, grid.rows, grid.cols, patch[0], patch[1], patch[2], -1})
      .permute({0, 7, 1, 4, 2, 5, 3, 6})
      .flatten(6)
      .flatten(4, 5)
      .flatten(2, 3);
}

}  // namespace ditscope::collector
