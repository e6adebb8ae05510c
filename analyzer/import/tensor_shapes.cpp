// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/tensor_shapes.h"

#include <charconv>
#include <limits>

#include "db/trace_reader.h"

namespace ditscope::analyzer {
namespace {

constexpr int64_t kMaxTokens = int64_t{1} << 40;
constexpr int64_t kMaxHeadCount = 4096;
constexpr int64_t kMaxHeadDim = 65536;

bool isPlausible(const AttentionShape& shape, int64_t heads, int64_t dim) {
  return heads > 0 && heads <= kMaxHeadCount && dim > 0 && dim <= kMaxHeadDim && shape.qLen > 0 &&
         shape.qLen <= kMaxTokens && shape.kvLen > 0 && shape.kvLen <= kMaxTokens;
}

}  // namespace

InputShapes parseShapes(std::string_view text) {
  InputShapes shapes;
  TensorShape* open = nullptr;
  int depth = 0;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '[') {
      if (++depth == 2) open = shapes.add();
      ++at;
    } else if (c == ']') {
      if (--depth == 1) open = nullptr;
      if (depth <= 0) break;
      ++at;
    } else if (c >= '0' && c <= '9') {
      int64_t extent = 0;
      const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), extent);
      if (open != nullptr && depth == 2) open->add(error == std::errc() ? extent : 0);
      at = size_t(end - text.data());
    } else {
      ++at;
    }
  }
  return shapes;
}

AttentionShape attentionShape(const InputShapes& shapes, TensorLayout layout) {
  if (layout == TensorLayout::Unknown) return {};
  const TensorShape* found[2] = {nullptr, nullptr};
  size_t count = 0;
  for (size_t i = 0; i < shapes.count && count < 2; ++i)
    if (shapes.inputs[i].rank == 4 || shapes.inputs[i].rank == 3) found[count++] = &shapes.inputs[i];
  if (count < 2 || found[0]->rank != found[1]->rank) return {};
  const size_t base = found[0]->rank - 3;  // without the batch
  const size_t heads = layout == TensorLayout::HeadsFirst ? base : base + 1;
  const size_t tokens = layout == TensorLayout::HeadsFirst ? base + 1 : base;
  AttentionShape shape;
  shape.qLen = found[0]->extents[tokens];
  shape.kvLen = found[1]->extents[tokens];
  const int64_t headCount = found[0]->extents[heads];
  const int64_t dim = found[0]->extents[base + 2];
  if (!isPlausible(shape, headCount, dim)) return {};
  shape.heads = int32_t(headCount);
  shape.headDim = int32_t(dim);
  return shape;
}

}  // namespace ditscope::analyzer
