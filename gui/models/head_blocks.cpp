// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/head_blocks.h"

namespace ditscope::gui {

HeadBlocksPtr BlockSource::read(const BlockRequest& request) {
  if (!m_reader) m_reader.emplace(m_path, db::OpenOptions{.quickCheck = false, .cancelled = {}});
  auto blocks = std::make_shared<HeadBlocks>();
  if (m_last && m_last->callId == request.callId && m_last->head == request.head) {
    *blocks = *m_last;
  } else {
    blocks->callId = request.callId;
    blocks->head = request.head;
    blocks->mask = m_reader->mask(request.callId, request.head);
    blocks->mass = m_reader->mass(request.callId, request.head);
  }
  const bool comparable = blocks->mask && blocks->mass && blocks->mask->rows() == blocks->mass->rows &&
                          blocks->mask->cols() == blocks->mass->cols;
  if (comparable) {
    blocks->legend = analyzer::classifyBlocks(*blocks->mask, *blocks->mass, request.rule);
    blocks->rowRecall = analyzer::rowRecall(*blocks->mask, *blocks->mass);
  }
  addOther(*blocks, request);
  blocks->shownOrder.reset();
  if (request.order) addOrder(*blocks, *request.order);
  m_last = blocks;
  return blocks;
}

void BlockSource::addOrder(HeadBlocks& blocks, const OrderRequest& order) {
  const auto rows = analyzer::drawBlocks(order.queries, order.recorded, order.shown);
  const auto cols = analyzer::drawBlocks(order.keys, order.recorded, order.shown);
  const bool fits = rows && cols && rows->blocks() == blocks.rows() && cols->blocks() == blocks.cols();
  if (!fits) return;
  blocks.shownOrder = order.shown;
  blocks.shownMass.reset();
  blocks.shownKept.reset();
  if (blocks.mass) blocks.shownMass = analyzer::reorderMass(*blocks.mass, *rows, *cols, order.keys);
  if (blocks.mask) blocks.shownKept = analyzer::keptShare(*blocks.mask, *rows, *cols);
}

void BlockSource::addOther(HeadBlocks& blocks, const BlockRequest& request) {
  blocks.other.reset();
  if (request.otherCallId == 0 || m_otherPath.empty() || !blocks.mask) return;
  if (!m_otherReader)
    m_otherReader.emplace(m_otherPath, db::OpenOptions{.quickCheck = false, .cancelled = {}});
  blocks.other = m_otherReader->mask(request.otherCallId, request.head);
  const bool alike = blocks.other && blocks.other->rows() == blocks.mask->rows() &&
                     blocks.other->cols() == blocks.mask->cols();
  if (!alike) blocks.other.reset();
}

MaskPair pairAt(const db::BlockMask& first, const db::BlockMask& second, int row, int col) {
  const bool a = first.at(row, col) != db::BlockState::Skipped;
  const bool b = second.at(row, col) != db::BlockState::Skipped;
  return a && b ? MaskPair::Both : a ? MaskPair::OnlyFirst : b ? MaskPair::OnlySecond : MaskPair::Neither;
}

double PairCounts::jaccard() const {
  const int64_t any = both + onlyFirst + onlySecond;
  return any > 0 ? double(both) / double(any) : 1;
}

PairCounts countPairs(const db::BlockMask& first, const db::BlockMask& second) {
  PairCounts counts;
  for (int row = 0; row < first.rows(); ++row) {
    for (int col = 0; col < first.cols(); ++col) {
      switch (pairAt(first, second, row, col)) {
        case MaskPair::Neither:
          ++counts.neither;
          break;
        case MaskPair::OnlyFirst:
          ++counts.onlyFirst;
          break;
        case MaskPair::OnlySecond:
          ++counts.onlySecond;
          break;
        case MaskPair::Both:
          ++counts.both;
          break;
      }
    }
  }
  return counts;
}

int rankInRow(const db::BlockMass& mass, int row, int col) {
  const float own = mass.at(row, col);
  int rank = 1;
  for (int other = 0; other < mass.cols; ++other) rank += mass.at(row, other) > own;
  return rank;
}

}  // namespace ditscope::gui
