// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/mask_view.h"

#include <QEvent>
#include <QSlider>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "analyzer/format.h"
#include "gui/models/block_text.h"
#include "gui/models/readout.h"
#include "gui/plots/class_legend.h"
#include "gui/plots/colour_bar.h"
#include "gui/plots/heatmap_plot.h"
#include "gui/plots/mask_image.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {
namespace {

constexpr int kHeavySteps = 1000;  // slider positions for a share of 0..1
constexpr int kHeavyDefault = 950;

}  // namespace

MaskView::MaskView(Session* owner, QWidget* parent) : Pane(owner, tr("Block mask"), parent) {
  QVBoxLayout* column = paneColumn(this);
  buildControls(*column);
  const HeatmapParts parts = addHeatmap(*column, this);
  m_heading = parts.heading;
  m_plot = parts.plot;
  m_bar = parts.bar;
  setFocusProxy(m_plot);
  m_legend = new ClassLegend(this);
  column->addWidget(m_legend);
  m_note = new QLabel(this);
  m_note->setForegroundRole(QPalette::PlaceholderText);
  m_note->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  column->addWidget(m_note);
  m_readout = readoutLabel(this);
  column->addWidget(m_readout);
  connectPlot();

  connect(owner, &Session::traceChanged, this, &MaskView::ask);
  connect(&owner->selection(), &Selection::pinnedChanged, this, [this](Selection::Parts changed) {
    if (changed & Selection::kHeadParts)
      ask();
    else
      showReadout();
  });
  connect(&owner->blocks(), &BlockJob::ready, this, &MaskView::showBlocks);
  connect(&owner->blocks(), &BlockJob::failed, this, [this](const QString& message) {
    showNothing(message);
    emit session().problem(message);
  });
  ask();
}

void MaskView::buildControls(QVBoxLayout& column) {
  m_show = new QComboBox(this);
  m_show->addItem(tr("Kept and missed"), int(MaskShow::Classes));
  m_show->addItem(tr("True mass"), int(MaskShow::Mass));
  m_show->addItem(tr("Mask alone"), int(MaskShow::Mask));
  m_order = new QComboBox(this);
  m_order->addItem(tr("as recorded"), -1);
  m_order->addItem(tr("(frame, y, x)"), int(db::TokenOrder::FrameMajor));
  m_order->addItem(tr("(y, x, frame)"), int(db::TokenOrder::PixelMajor));
  m_order->setToolTip(
      tr("Order of the tokens. In another order than the recorded one a block mixes the tokens of several "
         "blocks, and values are means."));
  m_heavy = new QSlider(Qt::Horizontal, this);
  m_heavy->setRange(kHeavySteps / 2, kHeavySteps - 1);
  m_heavy->setValue(kHeavyDefault);
  m_heavy->setPageStep(10);
  m_heavy->setMinimumWidth(70);
  m_heavy->setToolTip(tr("Heavy blocks: the fewest that hold this share of the mass of their row"));
  m_heavyText = new QLabel(this);
  const auto percent = [](double share) { return text(analyzer::formatPercent(share)); };
  m_heavyText->setMinimumWidth(m_heavyText->fontMetrics().horizontalAdvance(percent(0.999)));
  auto* row = new QHBoxLayout;
  addField(*row, tr("&Show"), m_show);
  addField(*row, tr("&Tokens"), m_order);
  row->addStretch();
  addField(*row, tr("Hea&vy: top"), m_heavy);
  row->addWidget(m_heavyText);
  column.addLayout(row);
  const auto showShare = [this, percent] { m_heavyText->setText(percent(rule().value)); };
  showShare();
  connect(m_heavy, &QSlider::valueChanged, this, [this, showShare] {
    showShare();
    ask();
  });
  connect(m_show, &QComboBox::currentIndexChanged, this, &MaskView::drawMap);
  connect(m_order, &QComboBox::currentIndexChanged, this, &MaskView::ask);
}

void MaskView::connectPlot() {
  connect(m_plot, &HeatmapPlot::cellHovered, this, [this](int row, int col) {
    m_plot->setHovered(QPoint(col, row));
    emit session().readout(describe(row, col));
  });
  connect(m_plot, &HeatmapPlot::pointerLeft, this, [this] {
    m_plot->setHovered(std::nullopt);
    emit session().readout({});
  });
  connect(m_plot, &HeatmapPlot::cellClicked, this, [this](int row, int col) {
    if (m_blocks && !m_blocks->shownOrder) selection().setBlock(row, col);  // blocks are the recorded ones
  });
  connect(m_plot, &HeatmapPlot::moveAsked, this,
          [this](int rows, int cols) { selection().moveBlock(rows, cols); });
  connect(m_plot, &HeatmapPlot::poolingChanged, this, &MaskView::drawLegend, Qt::QueuedConnection);
}

void MaskView::setShow(MaskShow show) {
  m_show->setCurrentIndex(m_show->findData(int(show)));
}
void MaskView::setOrder(std::optional<db::TokenOrder> order) {
  m_order->setCurrentIndex(m_order->findData(order ? int(*order) : -1));
}
void MaskView::setHeavyShare(double share) {
  m_heavy->setValue(int(std::lround(share * kHeavySteps)));
}
void MaskView::fit() {
  m_plot->fit();
}
bool MaskView::settled() const {
  return !session().blocks().busy();
}

analyzer::HeavyRule MaskView::rule() const {
  return {.kind = analyzer::HeavyRule::Kind::TopMass, .value = double(m_heavy->value()) / kHeavySteps};
}

std::optional<OrderRequest> MaskView::orderRequest(const db::AttnCall& call) const {
  const int wanted = m_order->currentData().toInt();
  const db::TokenOrder recorded = orderOf(*trace(), pinned());
  if (wanted < 0 || wanted == int(recorded)) return std::nullopt;
  const db::Run& run = trace()->facts.run;
  return OrderRequest{.queries = {run.grid, run.text, call.qLen, call.blockQ},
                      .keys = {run.grid, run.text, call.kvLen, call.blockK},
                      .recorded = recorded,
                      .shown = db::TokenOrder(wanted)};
}

const db::AttnCall* MaskView::call() const {
  return trace() ? trace()->call(pinned().step, pinned().layer, pinned().branch) : nullptr;
}

void MaskView::ask() {
  if (const db::AttnCall* found = call()) {
    const db::AttnCall* other = session().showsDifference()
                                    ? session().runB()->call(pinned().step, pinned().layer, pinned().branch)
                                    : nullptr;
    session().blocks().request({.callId = found->id,
                                .head = pinned().head,
                                .rule = rule(),
                                .otherCallId = other ? other->id : 0,
                                .order = orderRequest(*found)});
  } else {
    session().blocks().giveUp();
    showNothing(tr("This head was not recorded at this step."));
  }
}

void MaskView::showBlocks(HeadBlocksPtr blocks) {
  if (!blocks->mask && !blocks->mass) {
    showNothing(tr("No mask was recorded for this head. Record with --record mass, or choose another step."));
    return;
  }
  m_blocks = std::move(blocks);
  drawMap();
}

void MaskView::showNothing(const QString& why) {
  m_blocks = nullptr;
  m_plot->setMap({});
  m_plot->setStrip({});
  m_plot->setTopStrip({});
  m_plot->setPinned(std::nullopt);
  m_legend->setEntries({});
  m_bar->hide();
  m_note->clear();
  m_heading->setText(trace() ? headText(*trace(), pinned()) : QString());
  m_readout->setText(why);
}

MaskShow MaskView::effectiveShow() const {
  const auto wanted = MaskShow(m_show->currentData().toInt());
  if (m_blocks->shownOrder)
    return m_blocks->shownKept && !(wanted == MaskShow::Mass && m_blocks->shownMass) ? MaskShow::KeptShare
                                                                                     : MaskShow::Mass;
  if (session().showsDifference() && m_blocks->other) return MaskShow::Difference;
  if (wanted == MaskShow::Mass && m_blocks->mass) return MaskShow::Mass;
  if (wanted == MaskShow::Classes && m_blocks->legend) return MaskShow::Classes;
  return m_blocks->mask ? MaskShow::Mask : MaskShow::Mass;
}

void MaskView::drawMap() {
  if (!m_blocks) return;
  HeatmapSource source;
  source.rows = m_blocks->rows();
  source.cols = m_blocks->cols();
  const MaskShow show = effectiveShow();
  const bool dark = plotColours(palette()).dark;
  const MaskColours colours = maskColours(dark);
  source.image = [blocks = m_blocks, colours, dark, show](int maxRows, int maxCols) {
    switch (show) {
      case MaskShow::Classes:
        return classImage(*blocks, colours, maxRows, maxCols);
      case MaskShow::Mask:
        return stateImage(*blocks->mask, colours, maxRows, maxCols);
      case MaskShow::Difference:
        return pairImage(*blocks->mask, *blocks->other, pairColours(dark), maxRows, maxCols);
      case MaskShow::KeptShare:
        return massImage(*blocks->shownKept, keptLegend().scale, maxRows, maxCols);
      case MaskShow::Mass:
        break;
    }
    const db::BlockMass& mass = blocks->shownOrder ? *blocks->shownMass : *blocks->mass;
    return massImage(mass, massScale(mass), maxRows, maxCols);
  };
  if (show == MaskShow::Classes)
    source.mark = [blocks = m_blocks](int row, int col) { return markOf(blocks->legend->at(row, col)); };
  if (show == MaskShow::Difference)
    source.mark = [blocks = m_blocks](int row, int col) {
      return markOf(pairAt(*blocks->mask, *blocks->other, row, col));
    };
  source.gaps = show != MaskShow::Mass && show != MaskShow::KeptShare;
  m_plot->setMap(std::move(source));
  drawEdges();
  drawColumnMass();
  drawLegend();
  showReadout();
}

void MaskView::drawEdges() {
  HeatmapAxis rows{.title = tr("Query block"), .label = {}, .edges = {}};
  HeatmapAxis cols{.title = tr("Key block"), .label = {}, .edges = {}};
  if (const db::AttnCall* found = call()) {
    const db::TokenOrder order = m_blocks->shownOrder.value_or(orderOf(*trace(), pinned()));
    rows.edges = frameEdges(*trace(), *found, order, true);
    cols.edges = frameEdges(*trace(), *found, order, false);
  }
  m_plot->setAxes(std::move(rows), std::move(cols));
  m_plot->setStrip(
      {.title = tr("Recall"), .values = m_blocks->shownOrder ? std::vector<double>() : m_blocks->rowRecall});
}

void MaskView::drawColumnMass() {
  StripData strip{.title = tr("Mass"), .values = {}};
  const auto& mass = m_blocks->shownOrder ? m_blocks->shownMass : m_blocks->mass;
  if (mass) {
    strip.values = columnMass(*mass);
    strip.hi = std::max(*std::max_element(strip.values.begin(), strip.values.end()), 1e-6);
    strip.hiText = text(analyzer::formatPercent(strip.hi));
  }
  m_plot->setTopStrip(strip);
}

void MaskView::changeEvent(QEvent* event) {
  Pane::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) drawMap();
}

}  // namespace ditscope::gui
