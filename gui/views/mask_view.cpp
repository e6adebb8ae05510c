// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/mask_view.h"

#include <QEvent>
#include <QSlider>
#include <QVBoxLayout>
#include <cmath>

#include "analyzer/format.h"
#include "gui/models/readout.h"
#include "gui/plots/class_legend.h"
#include "gui/plots/colour_bar.h"
#include "gui/plots/heatmap_plot.h"
#include "gui/plots/mask_image.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {
namespace {

using analyzer::BlockClass;

constexpr int kHeavySteps = 1000;  // slider positions for a share of 0..1
constexpr int kHeavyDefault = 950;

CellMark markOf(BlockClass blockClass) {
  if (blockClass == BlockClass::DroppedHeavy) return CellMark::Cross;
  return blockClass == BlockClass::KeptLight ? CellMark::Slash : CellMark::None;
}

QString stateName(db::BlockState state) {
  switch (state) {
    case db::BlockState::Full:
      return QObject::tr("kept");
    case db::BlockState::Partial:
      return QObject::tr("kept in part");
    case db::BlockState::Skipped:
      break;
  }
  return QObject::tr("dropped");
}

QString percent(double fraction) {
  return text(analyzer::formatPercent(fraction));
}

}  // namespace

MaskView::MaskView(Session* owner, QWidget* parent) : Pane(owner, tr("Block mask"), parent) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(8, 6, 8, 4);
  column->setSpacing(4);
  buildControls(*column);
  m_heading = headingLabel(this);
  column->addWidget(m_heading);
  m_plot = new HeatmapPlot(this);
  setFocusProxy(m_plot);
  m_bar = new ColourBar(this);
  auto* row = new QHBoxLayout;
  row->setSpacing(2);
  row->addWidget(m_plot, 1);
  row->addWidget(m_bar);
  column->addLayout(row, 1);
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
  m_show->addItem(tr("Kept and missed"), int(Show::Classes));
  m_show->addItem(tr("True mass"), int(Show::Mass));
  m_show->addItem(tr("Mask alone"), int(Show::Mask));
  m_heavy = new QSlider(Qt::Horizontal, this);
  m_heavy->setRange(kHeavySteps / 2, kHeavySteps - 1);
  m_heavy->setValue(kHeavyDefault);
  m_heavy->setPageStep(10);
  m_heavy->setMinimumWidth(70);
  m_heavy->setToolTip(tr("Heavy blocks: the fewest that hold this share of the mass of their row"));
  m_heavyText = new QLabel(this);
  m_heavyText->setMinimumWidth(m_heavyText->fontMetrics().horizontalAdvance(percent(0.999)));
  auto* row = new QHBoxLayout;
  addField(*row, tr("&Show"), m_show);
  row->addStretch();
  addField(*row, tr("Hea&vy: top"), m_heavy);
  row->addWidget(m_heavyText);
  column.addLayout(row);
  const auto showShare = [this] { m_heavyText->setText(percent(rule().value)); };
  showShare();
  connect(m_heavy, &QSlider::valueChanged, this, [this, showShare] {
    showShare();
    ask();
  });
  connect(m_show, &QComboBox::currentIndexChanged, this, &MaskView::drawMap);
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
  connect(m_plot, &HeatmapPlot::cellClicked, this,
          [this](int row, int col) { selection().setBlock(row, col); });
  connect(m_plot, &HeatmapPlot::moveAsked, this,
          [this](int rows, int cols) { selection().moveBlock(rows, cols); });
  connect(m_plot, &HeatmapPlot::poolingChanged, this, &MaskView::drawLegend, Qt::QueuedConnection);
}

void MaskView::setShow(Show show) {
  m_show->setCurrentIndex(m_show->findData(int(show)));
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

const db::AttnCall* MaskView::call() const {
  return trace() ? trace()->call(pinned().step, pinned().layer, pinned().branch) : nullptr;
}

void MaskView::ask() {
  if (const db::AttnCall* found = call()) {
    session().blocks().request({.callId = found->id, .head = pinned().head, .rule = rule()});
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
  m_plot->setStrip({}, {});
  m_plot->setPinned(std::nullopt);
  m_legend->setEntries({});
  m_bar->hide();
  m_note->clear();
  m_heading->setText(trace() ? headText(*trace(), pinned()) : QString());
  m_readout->setText(why);
}

MaskView::Show MaskView::effectiveShow() const {
  const auto wanted = Show(m_show->currentData().toInt());
  if (wanted == Show::Mass && m_blocks->mass) return Show::Mass;
  if (wanted == Show::Classes && m_blocks->legend) return Show::Classes;
  return m_blocks->mask ? Show::Mask : Show::Mass;
}

void MaskView::drawMap() {
  if (!m_blocks) return;
  HeatmapSource source;
  source.rows = m_blocks->rows();
  source.cols = m_blocks->cols();
  const Show show = effectiveShow();
  const MaskColours colours = maskColours(plotColours(palette()).dark);
  source.image = [blocks = m_blocks, colours, show](int maxRows, int maxCols) {
    switch (show) {
      case Show::Classes:
        return classImage(*blocks, colours, maxRows, maxCols);
      case Show::Mask:
        return stateImage(*blocks->mask, colours, maxRows, maxCols);
      case Show::Mass:
        break;
    }
    return massImage(*blocks->mass, ColourMapId::Viridis, maxRows, maxCols);
  };
  if (show == Show::Classes)
    source.mark = [blocks = m_blocks](int row, int col) { return markOf(blocks->legend->at(row, col)); };
  source.gaps = show != Show::Mass;
  m_plot->setMap(std::move(source));
  HeatmapAxis rows{.title = tr("Query block"), .label = {}, .edges = {}};
  HeatmapAxis cols{.title = tr("Key block"), .label = {}, .edges = {}};
  if (const db::AttnCall* found = call()) {
    rows.edges = frameEdges(*trace(), *found, true);
    cols.edges = frameEdges(*trace(), *found, false);
  }
  m_plot->setAxes(std::move(rows), std::move(cols));
  m_plot->setStrip(tr("Recall"), m_blocks->rowRecall);
  drawLegend();
  showReadout();
}

void MaskView::drawLegend() {
  if (!m_blocks) return;
  const Show show = effectiveShow();
  const MaskColours colours = maskColours(plotColours(palette()).dark);
  const QSize pooling = m_plot->pooling();
  const bool pooled = pooling != QSize(1, 1);
  std::vector<ClassEntry> entries;
  if (show == Show::Classes) {
    const analyzer::MaskLegend& legend = *m_blocks->legend;
    const double all = double(legend.classes.size());
    for (const BlockClass c :
         {BlockClass::KeptHeavy, BlockClass::KeptLight, BlockClass::DroppedHeavy, BlockClass::DroppedLight}) {
      const size_t i = size_t(c);
      entries.push_back({colours.classes[i], markOf(c), text(analyzer::blockClassLabel(c)),
                         tr("%1 of blocks, %2 of mass")
                             .arg(percent(double(legend.blocks[i]) / all), percent(legend.mass[i]))});
    }
    if (pooled)
      entries.push_back({{colours.pooledBoth, colours.pooledBoth},
                         CellMark::None,
                         tr("kept and missed"),
                         tr("share a pixel")});
  } else if (show == Show::Mask) {
    const auto flat = [](QRgb colour) { return ClassColours{colour, colour}; };
    entries = {{flat(colours.classes[size_t(BlockClass::KeptHeavy)].low), CellMark::None, tr("kept"),
                tr("%1 of blocks").arg(percent(m_blocks->mask->density()))},
               {flat(colours.classes[size_t(BlockClass::KeptLight)].high), CellMark::None, tr("kept in part"),
                tr("masked inside")},
               {flat(colours.classes[size_t(BlockClass::DroppedLight)].low), CellMark::None, tr("dropped"),
                tr("%1 of blocks").arg(percent(1 - m_blocks->mask->density()))}};
  }
  m_legend->setVisible(!entries.empty());
  m_legend->setEntries(std::move(entries));
  m_bar->setVisible(show == Show::Mass);
  if (show == Show::Mass) {
    ColourLegend legend;
    legend.scale = massScale(*m_blocks->mass);
    legend.map = ColourMapId::Viridis;
    legend.title = tr("Share of the row's mass (log)");
    legend.format = [](double value) { return numberText(value, 2); };
    for (const float value : m_blocks->mass->mass) {
      legend.clippedLow |= value < legend.scale.lo;
      legend.hasNotMeasured |= std::isnan(value);
    }
    m_bar->setLegend(std::move(legend));
  }
  QStringList notes;
  if (pooled)
    notes << (show == Show::Mass ? tr("A pixel is the mean of %1 \u00d7 %2 blocks.")
                                 : tr("A pixel is the strongest of %1 \u00d7 %2 blocks; none is hidden."))
                 .arg(pooling.height())
                 .arg(pooling.width());
  if (show == Show::Classes) notes << tr("Darker or brighter within a class: more mass.");
  m_note->setText(notes.join(QChar(' ')));
}

void MaskView::showReadout() {
  if (!m_blocks || !trace()) return;
  m_heading->setText(
      QStringLiteral("%1, step %2").arg(capitalised(headText(*trace(), pinned()))).arg(pinned().step));
  const int row = std::min(pinned().queryBlock, m_blocks->rows() - 1);
  const int col = std::min(pinned().keyBlock, m_blocks->cols() - 1);
  m_plot->setPinned(QPoint(col, row));
  m_readout->setText(capitalised(describe(row, col)));
  m_plot->setAccessibleName(tr("Block mask, %1 by %2 blocks").arg(m_blocks->rows()).arg(m_blocks->cols()));
  m_plot->setAccessibleDescription(m_readout->text());
}

QString MaskView::describe(int row, int col) const {
  const db::AttnCall* found = call();
  if (!m_blocks || !found || row < 0 || col < 0 || row >= m_blocks->rows() || col >= m_blocks->cols())
    return {};
  QString line = tr("query block %1 (%2), key block %3 (%4)")
                     .arg(row)
                     .arg(blockTokens(*trace(), *found, row, true))
                     .arg(col)
                     .arg(blockTokens(*trace(), *found, col, false));
  if (m_blocks->mass)
    line += tr(": %1 of the row's mass, rank %2 of %3")
                .arg(percent(m_blocks->mass->at(row, col)))
                .arg(rankInRow(*m_blocks->mass, row, col))
                .arg(m_blocks->cols());
  if (m_blocks->legend)
    line += QStringLiteral(", ") + text(analyzer::blockClassLabel(m_blocks->legend->at(row, col)));
  else if (m_blocks->mask)
    line += QStringLiteral(", ") + stateName(m_blocks->mask->at(row, col));
  if (!m_blocks->rowRecall.empty())
    line += tr("; row recall %1").arg(percent(m_blocks->rowRecall[size_t(row)]));
  return line;
}

QString MaskView::copyText() const {
  if (!m_blocks) return m_readout->text();
  return m_heading->text() + QStringLiteral(": ") + m_readout->text();
}

void MaskView::changeEvent(QEvent* event) {
  Pane::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) drawMap();
}

}  // namespace ditscope::gui
