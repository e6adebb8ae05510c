// SPDX-License-Identifier: Apache-2.0
// k-means of the tokens of each head (Lloyd's algorithm, Euclidean), batched over the heads.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace ditscope::collector {

struct Clusters {
  at::Tensor labels;     // [H, N] int64
  at::Tensor sizes;      // [H, C] int64
  at::Tensor centroids;  // [H, C, D] f32: the means; of an empty cluster as before
};

// `count` different tokens of each head, the same ones for a seed. x: [H, N, D]; result: [H, count, D] f32.
[[nodiscard]] at::Tensor sampledCentroids(const at::Tensor& x, int64_t count, uint64_t seed);

// From `centroids` ([H, C, D] f32): at least one assignment, and no more than `iterations`; stops where no
// token changes its cluster. Ties go to the lower index. Memory: 64 MiB of distances.
[[nodiscard]] Clusters kMeans(const at::Tensor& x, const at::Tensor& centroids, int iterations);

// Renumbers the clusters of each head so that each is followed by the nearest one not yet numbered: tokens in
// the order of their clusters then have like tokens around them. Costs C * C * D a head.
void chainNeighbours(Clusters& clusters);

}  // namespace ditscope::collector
