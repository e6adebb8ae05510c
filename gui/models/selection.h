// SPDX-License-Identifier: GPL-3.0-or-later
// What the user looks at: one pinned cell (run, step, layer, head, branch, query block, key block) and,
// apart from it, the cell under the pointer. Every pane reads and writes this object and no pane knows
// another. Coordinates are the recorded numbers, not positions: with every fifth step recorded, the step
// after 5 is 10. GUI thread only.
#pragma once

#include <QFlags>
#include <QObject>
#include <optional>
#include <vector>

#include "db/model.h"

namespace ditscope::gui {

struct Cell {
  int run = 0;
  int step = 0;
  int layer = 0;
  int head = 0;
  db::Branch branch = db::Branch::Cond;
  int queryBlock = 0;
  int keyBlock = 0;
  friend bool operator==(const Cell&, const Cell&) = default;
};

class Selection : public QObject {
  Q_OBJECT
 public:
  struct Extent {  // what can be selected; lists ascend
    int runs = 1;
    std::vector<int> steps, layers;
    int heads = 0;
    std::vector<db::Branch> branches;
    int queryBlocks = 0;
    int keyBlocks = 0;
    friend bool operator==(const Extent&, const Extent&) = default;
  };
  enum Part { Step = 1, Layer = 2, Head = 4, Branch = 8, Block = 16, Run = 32 };
  Q_DECLARE_FLAGS(Parts, Part)
  static constexpr int kHeadParts = Step | Layer | Head | Branch | Run;  // all that choose another mask

  using QObject::QObject;

  void setExtent(Extent extent);  // the pinned cell is moved inside, the hovered one forgotten
  [[nodiscard]] const Extent& extent() const { return m_extent; }
  [[nodiscard]] bool empty() const { return m_extent.steps.empty() || m_extent.layers.empty(); }

  [[nodiscard]] const Cell& pinned() const { return m_pinned; }
  [[nodiscard]] const std::optional<Cell>& hovered() const { return m_hovered; }

  void pin(Cell cell);  // moved to the nearest cell that exists
  void hover(const std::optional<Cell>& cell);

  void setStep(int step);
  void setBranch(db::Branch branch);
  void setHead(int layer, int head);
  void setBlock(int queryBlock, int keyBlock);

  // Along what was recorded; stops at the ends and returns whether anything moved.
  bool moveStep(int by);
  bool moveLayer(int by);
  bool moveHead(int by);
  void moveBlock(int queryBy, int keyBy);

 signals:
  void extentChanged();
  void pinnedChanged(ditscope::gui::Selection::Parts changed);
  void hoveredChanged();

 private:
  [[nodiscard]] Cell inside(Cell cell) const;

  Extent m_extent;
  Cell m_pinned;
  std::optional<Cell> m_hovered;
};

}  // namespace ditscope::gui
