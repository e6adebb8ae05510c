// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/attention.h"
#include "kernels/block_walk.h"

namespace ditscope::kernels {
namespace {

void require(bool good, const char* field, const std::string& why) {
  if (!good) throw std::invalid_argument("attention: " + std::string(field) + " : " + why);
}

bool isBlockWidth(int64_t width) {
  return width == 32 || width == 64 || width == 128;
}

std::string shapeText(const Tensor4& tensor) {
  std::string text = "[";
  for (int i = 0; i < 4; ++i) text += (i ? ", " : "") + std::to_string(tensor.size[i]);
  return text + "]";
}

void validateTensor(const Tensor4& tensor, const char* field) {
  int64_t count = 1;
  for (int i = 0; i < 4; ++i) {
    require(tensor.size[i] >= 0, field, "negative size in " + shapeText(tensor));
    require(tensor.stride[i] >= 0, field, "negative stride");
    count *= tensor.size[i];
  }
  require(tensor.stride[3] == 1, field, "the stride of D must be 1");
  require(tensor.data != nullptr || count == 0, field, "null data");
}

void validateSkip(const AttentionArgs& args) {
  const SkipRule& rule = *args.skip;
  if (rule.kind == SkipRule::Kind::Blasst || rule.kind == SkipRule::Kind::RunningMass) {
    require(rule.lnLambdaPerHead != nullptr || rule.lnLambda <= 0, "skip.lnLambda", "must be at most 0");
    const int64_t heads = rule.lnLambdaPerHead ? args.q.size[0] * args.q.size[1] : 0;
    for (int64_t i = 0; i < heads; ++i)
      require(rule.lnLambdaPerHead[i] <= 0, "skip.lnLambdaPerHead", "must be at most 0 in every head");
  } else if (rule.kind == SkipRule::Kind::MassBound) {
    require(rule.lseRef != nullptr, "skip.lseRef", "mass_bound needs a reference LSE");
    require(rule.epsilon >= 0 && rule.epsilon < 1, "skip.epsilon", "must lie in [0, 1)");
  }
}

void validateListRow(const BlockList& list, int64_t row, int64_t kBlocks, std::vector<int64_t>& lastRow) {
  const int64_t begin = list.rowStart[row];
  const int64_t end = list.rowStart[row + 1];
  require(begin >= 0 && begin <= end, "list.rowStart", "must not fall, in row " + std::to_string(row));
  for (int64_t i = begin; i < end; ++i) {
    const int64_t keyBlock = list.entry[i] & kKeyBlockMask;
    require((list.entry[i] & ~(kKeyBlockMask | kPartialEntry)) == 0, "list.entry", "unknown flag bits");
    require(keyBlock < kBlocks, "list.entry",
            "key block " + std::to_string(keyBlock) + " of " + std::to_string(kBlocks));
    require(lastRow[size_t(keyBlock)] != row, "list.entry",
            "key block " + std::to_string(keyBlock) + " twice in row " + std::to_string(row));
    lastRow[size_t(keyBlock)] = row;
    if (list.entry[i] & kPartialEntry) {
      require(list.partialOffset && list.partialBits, "list.partialBits", "missing, but an entry is partial");
      require(list.partialOffset[i] >= 0, "list.partialOffset", "negative");
    }
  }
}

}  // namespace

void validateShapes(const AttentionArgs& args) {
  validateTensor(args.q, "q");
  validateTensor(args.k, "k");
  validateTensor(args.v, "v");
  validateTensor(args.o, "o");
  for (int i = 0; i < 4; ++i) {
    require(args.o.size[i] == args.q.size[i], "o",
            "shape " + shapeText(args.o) + ", q has " + shapeText(args.q));
    require(args.v.size[i] == args.k.size[i], "v",
            "shape " + shapeText(args.v) + ", k has " + shapeText(args.k));
  }
  require(args.k.size[0] == args.q.size[0], "k", "another batch size than q");
  require(args.k.size[3] == args.q.size[3], "k", "another head dimension than q");
  require(args.q.size[3] >= 1 && args.q.size[3] <= kMaxHeadDim, "q", "head dimension must lie in 1 to 256");
  require(args.k.size[1] > 0 ? args.q.size[1] % args.k.size[1] == 0 : args.q.size[1] == 0, "k",
          "heads of q must be a multiple of heads of k");
  require(args.q.dtype == args.k.dtype && args.q.dtype == args.v.dtype, "q, k, v", "must have one dtype");
  require(args.validKeys >= -1 && args.validKeys <= args.k.size[2], "validKeys", "must lie in -1 to Nk");
  require(std::isfinite(args.scale), "scale", "must be finite");
  require(isBlockWidth(args.defaultBlock), "defaultBlock", "must be 32, 64 or 128");
  if (args.list) {
    require(isBlockWidth(args.list->qBlock), "list.qBlock", "must be 32, 64 or 128");
    require(isBlockWidth(args.list->kBlock), "list.kBlock", "must be 32, 64 or 128");
    require(args.list->batchStride >= 0 && args.list->headStride >= 0, "list", "negative stride");
    require(args.list->rowStart != nullptr, "list.rowStart", "null");
    require(ceilDiv(args.k.size[2], args.list->kBlock) <= kKeyBlockMask, "list", "too many key blocks");
  }
}

void validate(const AttentionArgs& args) {
  validateShapes(args);
  if (args.skip) validateSkip(args);
  if (!args.list) return;
  const BlockList& list = *args.list;
  const Geometry geometry(args);
  std::vector<int64_t> lastRow(size_t(geometry.kBlocks), -1);
  // Shared lists are read once.
  const int64_t batches = list.batchStride ? geometry.batches : std::min<int64_t>(geometry.batches, 1);
  const int64_t heads = list.headStride ? geometry.heads : std::min<int64_t>(geometry.heads, 1);
  for (int64_t b = 0; b < batches; ++b)
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t g = 0; g < geometry.qBlocks; ++g)
        validateListRow(list, b * list.batchStride + h * list.headStride + g, geometry.kBlocks, lastRow);
}

}  // namespace ditscope::kernels
