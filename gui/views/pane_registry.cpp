// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/pane_registry.h"

#include <array>

#include "gui/views/drift_view.h"
#include "gui/views/grid_view.h"
#include "gui/views/mask_view.h"
#include "gui/views/recall_view.h"
#include "gui/views/summary_view.h"

namespace ditscope::gui {
namespace {

template <class View>
Pane* make(Session* session, QWidget* parent) {
  return new View(session, parent);
}

}  // namespace

std::span<const PaneEntry> paneEntries() {
  using enum PanePlace;
  static const std::array entries{
      PaneEntry{QStringLiteral("summary"), QObject::tr("Run"),
                QObject::tr("what the trace is, and its capture health"), Left, make<SummaryView>},
      PaneEntry{QStringLiteral("grid"), QObject::tr("Layers and heads"),
                QObject::tr("one quantity of every head, by layer, head and step"), Upper, make<GridView>},
      PaneEntry{QStringLiteral("mask"), QObject::tr("Block mask"),
                QObject::tr("kept and missed blocks of a head over their true mass"), Right, make<MaskView>},
      PaneEntry{QStringLiteral("drift"), QObject::tr("Drift"),
                QObject::tr("LSE and mask drift of a head over the steps"), Lower, make<DriftView>},
      PaneEntry{QStringLiteral("recall"), QObject::tr("Recall"),
                QObject::tr("what a budget of blocks buys: heads, Pareto front, budget line"), Lower,
                make<RecallView>},
  };
  return entries;
}

}  // namespace ditscope::gui
