// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/pane_registry.h"

#include <array>

#include "gui/views/classes_view.h"
#include "gui/views/compare_view.h"
#include "gui/views/config_view.h"
#include "gui/views/drift_view.h"
#include "gui/views/driftmap_view.h"
#include "gui/views/frames_view.h"
#include "gui/views/grid_view.h"
#include "gui/views/kernel_view.h"
#include "gui/views/mask_view.h"
#include "gui/views/recall_view.h"
#include "gui/views/similarity_view.h"
#include "gui/views/speedup_view.h"
#include "gui/views/summary_view.h"
#include "gui/views/time_view.h"
#include "gui/views/timeline_view.h"
#include "gui/views/whatif_view.h"

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
      PaneEntry{QStringLiteral("whatif"), QObject::tr("What if"),
                QObject::tr("predicted density, recall, error and time of another setting"), Lower,
                make<WhatIfView>},
      PaneEntry{QStringLiteral("time"), QObject::tr("Time"),
                QObject::tr("time of each step: attention, mask search, the rest"), Lower, make<TimeView>},
      PaneEntry{QStringLiteral("timeline"), QObject::tr("Timeline"),
                QObject::tr("steps, attention calls and kernels along time"), Lower, make<TimelineView>},
      PaneEntry{QStringLiteral("config"), QObject::tr("Configuration"),
                QObject::tr("the setting of each head: edit, compare, import, export"), Right,
                make<ConfigView>},
      PaneEntry{QStringLiteral("kernels"), QObject::tr("Kernels"),
                QObject::tr("kernel launches as a table, with the distribution of their times"), Lower,
                make<KernelView>},
      PaneEntry{QStringLiteral("speedup"), QObject::tr("Speed-up"),
                QObject::tr("achieved against ideal speed-up of each call, and the roofline"), Lower,
                make<SpeedupView>},
      PaneEntry{QStringLiteral("driftmap"), QObject::tr("Drift map"),
                QObject::tr("LSE change and mask overlap of all heads against a step"), Right,
                make<DriftMapView>},
      PaneEntry{QStringLiteral("similarity"), QObject::tr("Step \u00d7 step"),
                QObject::tr("how alike the masks of a head are, step against step"), Right,
                make<SimilarityView>},
      PaneEntry{QStringLiteral("classes"), QObject::tr("Classes"),
                QObject::tr("kind of pattern of each head over the steps, and how often it changes"), Right,
                make<ClassesView>},
      PaneEntry{QStringLiteral("frames"), QObject::tr("Frames"),
                QObject::tr("decoded frames of two runs: side by side, wipe, difference, PSNR and SSIM"),
                Right, make<FramesView>},
      PaneEntry{QStringLiteral("compare"), QObject::tr("Two runs"),
                QObject::tr("run A against run B: do they align, and which heads changed most"), Upper,
                make<CompareView>},
  };
  return entries;
}

}  // namespace ditscope::gui
