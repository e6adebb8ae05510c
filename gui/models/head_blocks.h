// SPDX-License-Identifier: GPL-3.0-or-later
// The blocks of one head, read and judged on a worker thread, as the mask pane shows them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "analyzer/mask_legend.h"
#include "analyzer/token_order.h"
#include "db/block_mask.h"
#include "db/trace_reader.h"

namespace ditscope::gui {

struct OrderRequest {  // to show the blocks with the tokens in another order
  analyzer::TokenAxis queries, keys;
  db::TokenOrder recorded = db::TokenOrder::FrameMajor, shown = db::TokenOrder::FrameMajor;
};

struct BlockRequest {
  int64_t callId = 0;
  int head = 0;
  analyzer::HeavyRule rule;
  int64_t otherCallId = 0;  // of the other run or step, to compare with; 0: none
  std::optional<OrderRequest> order = {};
};

struct HeadBlocks {
  int64_t callId = 0;
  int head = 0;
  std::optional<db::BlockMask> mask;
  std::optional<db::BlockMass> mass;
  std::optional<analyzer::MaskLegend> legend;  // when both are there and agree in shape
  std::vector<double> rowRecall;               // [rows], empty without a legend
  std::optional<db::BlockMask> other;          // what is compared with, when it has the same shape
  std::optional<db::TokenOrder> shownOrder;    // when another was asked for and can be shown
  std::optional<db::BlockMass> shownMass;      // in that order
  std::optional<db::BlockMass> shownKept;  // share of each block's pairs that the mask keeps, in that order

  [[nodiscard]] int rows() const { return mask ? mask->rows() : mass ? mass->rows : 0; }
  [[nodiscard]] int cols() const { return mask ? mask->cols() : mass ? mass->cols : 0; }
};
using HeadBlocksPtr = std::shared_ptr<const HeadBlocks>;

// Reads blobs of one trace and keeps the last head, so that another rule costs no reading. One thread.
class BlockSource {
 public:
  // `otherPath`: where calls to compare with are; empty: none are read.
  explicit BlockSource(std::filesystem::path path, std::filesystem::path otherPath = {})
      : m_path(std::move(path)), m_otherPath(std::move(otherPath)) {}
  [[nodiscard]] HeadBlocksPtr read(const BlockRequest& request);  // throws db::Error

 private:
  static void addOrder(HeadBlocks& blocks, const OrderRequest& order);
  void addOther(HeadBlocks& blocks, const BlockRequest& request);

  std::filesystem::path m_path, m_otherPath;
  std::optional<db::TraceReader> m_reader, m_otherReader;
  HeadBlocksPtr m_last;
};

// Of two masks of one shape: what both, one or none of them keeps.
enum class MaskPair : unsigned char { Neither, OnlyFirst, OnlySecond, Both };
[[nodiscard]] MaskPair pairAt(const db::BlockMask& first, const db::BlockMask& second, int row, int col);
struct PairCounts {
  int64_t neither = 0, onlyFirst = 0, onlySecond = 0, both = 0;
  [[nodiscard]] double jaccard() const;  // 1 when neither keeps anything
};
[[nodiscard]] PairCounts countPairs(const db::BlockMask& first, const db::BlockMask& second);

// 1 = the heaviest block of its row; blocks of equal mass share a rank.
[[nodiscard]] int rankInRow(const db::BlockMass& mass, int row, int col);

}  // namespace ditscope::gui
