// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/classes_view.h"

#include <QEvent>
#include <algorithm>

#include "analyzer/format.h"
#include "gui/models/readout.h"
#include "gui/plots/class_legend.h"
#include "gui/plots/colour_bar.h"
#include "gui/plots/heatmap_plot.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {
namespace {

// Okabe and Ito's colours, safe for colour-blind readers, as far as they stand apart from both backgrounds.
constexpr QRgb kClassColours[PatternTable::kMostClasses] = {0xff0072b2, 0xffe69f00, 0xff009e73, 0xffcc79a7,
                                                            0xff56b4e9, 0xffd55e00, 0xfff0e442, 0xff8a8a8a};

}  // namespace

ClassesView::ClassesView(Session* owner, QWidget* parent) : Pane(owner, tr("Pattern classes"), parent) {
  QVBoxLayout* column = paneColumn(this);
  m_source = new QComboBox(this);
  m_source->addItem(tr("as the method decided"), int(PatternSource::Decision));
  m_source->addItem(tr("by the shape of the masks"), int(PatternSource::Shape));
  auto* row = new QHBoxLayout;
  addField(*row, tr("C&lasses"), m_source);
  row->addStretch();
  column->addLayout(row);
  const HeatmapParts parts = addHeatmap(*column, this);
  m_heading = parts.heading;
  m_plot = parts.plot;
  m_bar = parts.bar;
  m_bar->hide();
  m_legend = new ClassLegend(this);
  column->addWidget(m_legend);
  m_readout = readoutLabel(this);
  column->addWidget(m_readout);
  setFocusProxy(m_plot);
  connect(m_source, &QComboBox::currentIndexChanged, this, &ClassesView::reload);
  connect(m_plot, &HeatmapPlot::cellHovered, this,
          [this](int at, int col) { emit session().readout(describe(size_t(at), size_t(col))); });
  connect(m_plot, &HeatmapPlot::pointerLeft, this, [this] { emit session().readout({}); });
  connect(m_plot, &HeatmapPlot::cellClicked, this,
          [this](int at, int col) { selection().pin(cellAt(size_t(at), size_t(col))); });
  connect(m_plot, &HeatmapPlot::moveAsked, this, [this](int rows, int cols) {
    const auto at = position();
    if (!at) return;
    selection().pin(cellAt(size_t(std::clamp(at->y() + rows, 0, int(m_rows->size()) - 1)),
                           size_t(std::clamp(at->x() + cols, 0, int(trace()->extent.steps.size()) - 1))));
  });
  connect(owner, &Session::traceChanged, this, &ClassesView::reload);
  connect(&owner->selection(), &Selection::pinnedChanged, this, [this](Selection::Parts changed) {
    if (changed & Selection::Branch)
      draw();
    else
      showSelection();
  });
}

void ClassesView::setSource(PatternSource source) {
  m_source->setCurrentIndex(m_source->findData(int(source)));
}

void ClassesView::showEvent(QShowEvent* event) {
  Pane::showEvent(event);
  reload();
}

void ClassesView::changeEvent(QEvent* event) {
  Pane::changeEvent(event);
  if (event->type() == QEvent::PaletteChange && m_patterns) draw();
}

void ClassesView::reload() {
  m_task.giveUp();
  m_patterns = nullptr;
  if (trace() && isVisible()) {
    const auto source = PatternSource(m_source->currentData().toInt());
    m_task.start(
        [trace = trace(), source](const auto& progress) { return readPatterns(*trace, source, progress); },
        {.ready =
             [this, source](std::shared_ptr<const PatternTable> patterns) {
               m_patterns = std::move(patterns);
               if (m_patterns->classes.empty() && source == PatternSource::Decision)
                 return setSource(PatternSource::Shape);  // an older recording
               draw();
             },
         .failed = [this](const QString& message) { m_readout->setText(message); },
         .progressed = [this](int done) { m_readout->setText(tr("Looking at the masks: %1 %").arg(done)); }});
  }
  draw();
}

void ClassesView::draw() {
  m_rows = std::make_shared<std::vector<Row>>();
  if (!m_patterns || m_patterns->classes.empty()) {
    m_plot->setMap({});
    m_plot->setStrip({});
    m_legend->setEntries({});
    m_heading->setText(tr("Pattern classes"));
    m_readout->setText(!trace() || !isVisible() ? QString()
                       : m_task.busy()          ? tr("Looking at the masks\u2026")
                                                : tr("Neither decisions nor masks were recorded for this."));
    return;
  }
  std::vector<double> changes;
  for (const int layer : trace()->extent.layers) {
    for (int head = 0; head < trace()->extent.heads; ++head) {
      Row row{layer, head, {}};
      for (const int step : trace()->extent.steps) {
        Cell cell{.step = step, .layer = layer, .head = head, .branch = pinned().branch};
        const std::optional<size_t> at = trace()->row(cell);
        row.classes.push_back(at ? m_patterns->cell[*at] : -1);
      }
      changes.push_back(flips(row.classes));
      m_rows->push_back(std::move(row));
    }
  }
  HeatmapSource source;
  source.rows = int(m_rows->size());
  source.cols = int(trace()->extent.steps.size());
  source.gaps = true;
  source.image = [rows = m_rows, cols = source.cols](int maxRows, int maxCols) {
    QImage image(cols, int(rows->size()), QImage::Format_ARGB32);
    for (int row = 0; row < image.height(); ++row)
      for (int col = 0; col < cols; ++col) {
        const int at = (*rows)[size_t(row)].classes[size_t(col)];
        image.setPixel(col, row, at < 0 ? qRgba(0, 0, 0, 0) : kClassColours[at]);
      }
    return image.scaled(std::min(cols, maxCols),
                        std::min(image.height(), maxRows));  // nearest: no mixed colour
  };
  m_plot->setMap(std::move(source));
  m_plot->setAxes(
      {.title = tr("Layer, head"),
       .label =
           [rows = m_rows](int at) { return headTick((*rows)[size_t(at)].layer, (*rows)[size_t(at)].head); },
       .edges = {}},
      {.title = tr("Step"),
       .label = [steps = trace()->extent.steps](int at) { return QString::number(steps[size_t(at)]); },
       .edges = {}});
  const double most = std::max(*std::max_element(changes.begin(), changes.end()), 1.0);
  m_plot->setStrip(
      {.title = tr("Changes"), .values = changes, .lo = 0, .hi = most, .hiText = numberText(most)});
  std::vector<ClassEntry> entries;
  const double all = double(std::max<size_t>(trace()->table.size(), 1));
  for (size_t i = 0; i < m_patterns->classes.size(); ++i)
    entries.push_back(
        {{kClassColours[i], kClassColours[i]},
         CellMark::None,
         m_patterns->classes[i],
         tr("%1 of all").arg(text(analyzer::formatPercent(double(m_patterns->counts[i]) / all)))});
  m_legend->setEntries(std::move(entries));
  const auto steady = std::count(changes.begin(), changes.end(), 0.0);
  m_heading->setText(tr("Pattern classes, %1: %2 of %3 heads never change")
                         .arg(branchName(pinned().branch))
                         .arg(steady)
                         .arg(changes.size()));
  m_plot->setAccessibleName(tr("Pattern class of each head over the steps"));
  showSelection();
}

std::optional<QPoint> ClassesView::position() const {
  if (!m_rows || m_rows->empty() || !trace()) return std::nullopt;
  const std::vector<int>& steps = trace()->extent.steps;
  const auto step = std::find(steps.begin(), steps.end(), pinned().step);
  const auto row = std::find_if(m_rows->begin(), m_rows->end(), [this](const Row& each) {
    return each.layer == pinned().layer && each.head == pinned().head;
  });
  if (step == steps.end() || row == m_rows->end()) return std::nullopt;
  return QPoint(int(step - steps.begin()), int(row - m_rows->begin()));
}

Cell ClassesView::cellAt(size_t row, size_t col) const {
  Cell cell = pinned();
  cell.layer = (*m_rows)[row].layer;
  cell.head = (*m_rows)[row].head;
  cell.step = trace()->extent.steps[col];
  return cell;
}

void ClassesView::showSelection() {
  const auto at = position();
  m_plot->setPinned(at);
  if (!at) return;
  m_readout->setText(capitalised(describe(size_t(at->y()), size_t(at->x()))));
  m_plot->setAccessibleDescription(m_readout->text());
}

QString ClassesView::describe(size_t row, size_t col) const {
  if (!m_patterns || row >= m_rows->size() || col >= (*m_rows)[row].classes.size()) return {};
  const Row& at = (*m_rows)[row];
  const int now = at.classes[col];
  return tr("layer %1, head %2, step %3: %4; this head changes its class %5 times")
      .arg(at.layer)
      .arg(at.head)
      .arg(trace()->extent.steps[col])
      .arg(now < 0 ? tr("not known") : m_patterns->classes[size_t(now)])
      .arg(flips(at.classes));
}

void ClassesView::fit() {
  m_plot->fit();
}

QString ClassesView::copyText() const {
  return m_heading->text() + QChar('\n') + m_readout->text();
}

TableData ClassesView::table() const {
  TableData numbers{{tr("Layer"), tr("Head"), tr("Step"), tr("Class"), tr("Changes of the head")}};
  for (size_t row = 0; m_patterns && row < m_rows->size(); ++row) {
    const Row& at = (*m_rows)[row];
    for (size_t col = 0; col < at.classes.size(); ++col)
      numbers.rows.push_back(
          {at.layer, at.head, trace()->extent.steps[col],
           at.classes[col] < 0 ? QVariant() : QVariant(m_patterns->classes[size_t(at.classes[col])]),
           flips(at.classes)});
  }
  return numbers;
}

}  // namespace ditscope::gui
