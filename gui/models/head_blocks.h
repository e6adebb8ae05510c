// SPDX-License-Identifier: GPL-3.0-or-later
// The blocks of one head, read and judged on a worker thread, as the mask pane shows them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "analyzer/mask_legend.h"
#include "db/block_mask.h"
#include "db/trace_reader.h"

namespace ditscope::gui {

struct BlockRequest {
  int64_t callId = 0;
  int head = 0;
  analyzer::HeavyRule rule;
};

struct HeadBlocks {
  int64_t callId = 0;
  int head = 0;
  std::optional<db::BlockMask> mask;
  std::optional<db::BlockMass> mass;
  std::optional<analyzer::MaskLegend> legend;  // when both are there and agree in shape
  std::vector<double> rowRecall;               // [rows], empty without a legend

  [[nodiscard]] int rows() const { return mask ? mask->rows() : mass ? mass->rows : 0; }
  [[nodiscard]] int cols() const { return mask ? mask->cols() : mass ? mass->cols : 0; }
};
using HeadBlocksPtr = std::shared_ptr<const HeadBlocks>;

// Reads blobs of one trace and keeps the last head, so that another rule costs no reading. One thread.
class BlockSource {
 public:
  explicit BlockSource(std::filesystem::path path) : m_path(std::move(path)) {}
  [[nodiscard]] HeadBlocksPtr read(const BlockRequest& request);  // throws db::Error

 private:
  std::filesystem::path m_path;
  std::optional<db::TraceReader> m_reader;
  HeadBlocksPtr m_last;
};

// 1 = the heaviest block of its row; blocks of equal mass share a rank.
[[nodiscard]] int rankInRow(const db::BlockMass& mass, int row, int col);

}  // namespace ditscope::gui
