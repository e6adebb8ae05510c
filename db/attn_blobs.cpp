// SPDX-License-Identifier: Apache-2.0
#include "db/attn_blobs.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "db/curve_codec.h"
#include "db/lse_codec.h"
#include "db/mask_codec.h"
#include "db/mass_codec.h"

namespace ditscope::db {
namespace {

size_t headCount(const AttnRecord& r) {
  return std::max({r.heads.size(), r.masks.size(), r.masses.size(), r.curves.size(), r.lseBlocks.size(),
                   r.lseRows.size()});
}

void require(bool good, const char* why) {
  if (!good) throw std::invalid_argument(std::string("AttnRecord: ") + why);
}

BlobShape shapeOf(const BlockMask& mask) {
  return {mask.rows(), mask.cols()};
}
BlobShape shapeOf(const BlockMass& mass) {
  return {mass.rows, mass.cols};
}
BlobShape shapeOf(const std::vector<float>& values) {
  return {1, int32_t(values.size())};
}

// One entry a head, and one shape for all heads that have any.
template <class Part>
void requireUniform(const std::vector<Part>& parts, size_t heads, const char* name) {
  require(parts.empty() || parts.size() == heads, name);
  BlobShape shape;
  for (const Part& part : parts) {
    const BlobShape mine = shapeOf(part);
    if (mine.cells() == 0) continue;
    require(shape.cells() == 0 || mine == shape, "the heads of a call differ in size");
    shape = mine;
  }
  // Two bytes a cell are the most that any codec needs, save for a few bytes a head.
  require(int64_t(shape.cells()) <= kMaxCellsPerHead &&
              shape.cells() * 2 * parts.size() <= kMaxBlobBytes - (1 << 20),
          "more blocks or rows than one blob can hold; record fewer heads or larger blocks");
}

}  // namespace

void validate(const AttnRecord& record) {
  const size_t heads = headCount(record);
  require(heads <= size_t(kMaxHeads), "too many heads");
  require(record.heads.empty() || record.heads.size() == heads, "heads must hold one entry a head");
  require(record.decisions.empty() || record.decisions.size() == record.heads.size(),
          "decisions must hold one entry a head, beside the heads");
  for (const HeadDecision& decision : record.decisions) {
    require(decision.method.size() <= kMaxNameBytes && decision.choice.size() <= kMaxNameBytes,
            "the name of a method or choice is too long");
    require(decision.sourceStep >= -1 && decision.sourceStep <= record.call.step,
            "a head reuses what a later step made");
  }
  if (record.masks.size() != 1)
    requireUniform(record.masks, heads, "masks must hold one entry a head, or one");
  for (const BlockMass& mass : record.masses) {
    require(mass.rows >= 0 && mass.cols >= 0 && mass.mass.size() == shapeOf(mass).cells(),
            "the size of a mass map is not rows * cols");
  }
  requireUniform(record.masses, heads, "masses must hold one entry a head");
  requireUniform(record.lseBlocks, heads, "lseBlocks must hold one entry a head");
  requireUniform(record.lseRows, heads, "lseRows must hold one entry a head");
  require(record.curves.empty() || record.curves.size() == heads, "curves must hold one entry a head");
  for (const RecallCurve& curve : record.curves) {
    const bool absent = curve.byRow.empty() && curve.byHead.empty();
    require(absent || (curve.byRow.size() == kCurvePoints && curve.byHead.size() == kCurvePoints),
            "a recall curve must have kCurvePoints points");
  }
}

AttnBlob AttnBlobEncoder::encodeMaskBlob(const AttnCall& call, std::vector<BlockMask> masks) {
  LastMasks& last = m_last[{call.layer, call.branch}];
  AttnBlob blob{"mask", std::nullopt, {}};
  if (last.sinceKeyframe + 1 < m_keyframeEvery && canBeBase(last.masks, masks)) {
    blob.data = encodeMasks(masks, last.masks);
    blob.baseCallId = last.callId;
    ++last.sinceKeyframe;
  } else {
    blob.data = encodeMasks(masks, {});
    last.sinceKeyframe = 0;
  }
  last.callId = call.id;
  last.masks = std::move(masks);
  return blob;
}

std::vector<AttnBlob> AttnBlobEncoder::encode(AttnRecord record) {
  std::vector<AttnBlob> blobs;
  if (record.masks.size() == 1) record.masks.resize(headCount(record), record.masks.front());
  if (!record.masks.empty()) blobs.push_back(encodeMaskBlob(record.call, std::move(record.masks)));
  if (!record.masses.empty()) blobs.push_back({"mass", std::nullopt, encodeMasses(record.masses)});
  if (!record.curves.empty()) blobs.push_back({"curve", std::nullopt, encodeCurves(record.curves)});
  if (!record.lseBlocks.empty()) blobs.push_back({"lse_block", std::nullopt, encodeLse(record.lseBlocks)});
  if (!record.lseRows.empty()) blobs.push_back({"lse_row", std::nullopt, encodeLse(record.lseRows)});
  return blobs;
}

}  // namespace ditscope::db
