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
  m_last = blocks;
  return blocks;
}

int rankInRow(const db::BlockMass& mass, int row, int col) {
  const float own = mass.at(row, col);
  int rank = 1;
  for (int other = 0; other < mass.cols; ++other) rank += mass.at(row, other) > own;
  return rank;
}

}  // namespace ditscope::gui
