// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/kernel_view.h"

#include <QHeaderView>
#include <QLineEdit>
#include <QSortFilterProxyModel>
#include <QSplitter>
#include <QTableView>
#include <algorithm>
#include <cmath>

#include "analyzer/format.h"
#include "gui/models/readout.h"
#include "gui/plots/xy_plot.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {
namespace {

constexpr double kUs = 1e-3;     // of a nanosecond
constexpr size_t kCurve = 400;   // points of the cumulative curve
constexpr double kTail = 0.999;  // launches beyond this share are counted in the last bar

QString plainTick(double value) {
  return numberText(value);
}

QString us(double ns) {
  return text(analyzer::formatDuration(ns));
}

}  // namespace

KernelView::KernelView(Session* owner, QWidget* parent) : Pane(owner, tr("Kernels"), parent) {
  QVBoxLayout* column = paneColumn(this);
  m_filter = new QLineEdit(this);
  m_filter->setPlaceholderText(tr("part of a name"));
  m_filter->setClearButtonEnabled(true);
  m_shape = new QComboBox(this);
  m_shape->addItems({tr("Histogram"), tr("Cumulative share")});
  auto* row = new QHBoxLayout;
  addField(*row, tr("&Filter"), m_filter);
  addField(*row, tr("Sho&w"), m_shape);
  column->addLayout(row);
  auto* splitter = new QSplitter(Qt::Vertical, this);
  buildList();
  m_plot = new XyPlot(this);
  m_plot->setAccessibleName(tr("Distribution of kernel times"));
  splitter->addWidget(m_list);
  splitter->addWidget(m_plot);
  m_list->setMinimumHeight(60);
  splitter->setStretchFactor(1, 1);
  splitter->setSizes({150, 1000});
  column->addWidget(splitter, 1);
  m_readout = readoutLabel(this);
  column->addWidget(m_readout);
  setFocusProxy(m_list);
  connect(m_shape, &QComboBox::currentIndexChanged, this, &KernelView::draw);
  connect(owner, &Session::traceChanged, this, &KernelView::reload);
  connect(owner, &Session::kernelsChanged, this, &KernelView::reload);
  connect(owner, &Session::kernelsProgressed, this, [this](int done) {
    if (!m_kernels) m_readout->setText(tr("Reading the kernels: %1 %").arg(done));
  });
  connect(m_plot, &XyPlot::hovered, this, [this](QPointF at) {
    emit session().readout(
        m_shape->currentIndex() == 0
            ? tr("%1: %2 launches").arg(us(at.x() / kUs)).arg(std::lround(at.y()))
            : tr("%1 % of the launches took at most %2").arg(numberText(100 * at.y()), us(at.x() / kUs)));
  });
  connect(m_plot, &XyPlot::pointerLeft, this, [this] { emit session().readout({}); });
}

void KernelView::buildList() {
  m_model = new TableModel(this);
  m_sorted = new QSortFilterProxyModel(this);
  m_sorted->setSourceModel(m_model);
  m_sorted->setSortRole(TableModel::kSortRole);
  m_sorted->setFilterCaseSensitivity(Qt::CaseInsensitive);
  m_list = dataTable(m_sorted, this);
  m_list->setAccessibleName(tr("Kernels by launch configuration"));
  letNamesTakeTheRest(m_list);
  connect(m_filter, &QLineEdit::textChanged, m_sorted, &QSortFilterProxyModel::setFilterFixedString);
  connect(m_list->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
          [this](const QModelIndex& current) {
            if (!current.isValid()) return;
            m_chosen = size_t(m_sorted->mapToSource(current).row());
            draw();
          });
}

void KernelView::showEvent(QShowEvent* event) {
  Pane::showEvent(event);
  reload();
}

void KernelView::reload() {
  m_kernels = isVisible() && trace() ? session().kernels() : nullptr;
  m_groups = m_kernels ? groupKernels(*m_kernels) : std::vector<KernelGroup>{};
  m_chosen = 0;
  fillList();
  if (m_groups.empty())
    m_readout->setText(!trace() || !isVisible()   ? QString()
                       : session().readsKernels() ? tr("Reading the kernels\u2026")
                                                  : tr("No kernel launches were recorded."));
  draw();
}

void KernelView::fillList() {
  TableData numbers{{tr("Kernel"), tr("Launches"), tr("Total (ms)"), tr("Share (%)"), tr("Median (\u00b5s)"),
                     tr("p95 (\u00b5s)"), tr("Longest (\u00b5s)"), tr("In calls"), tr("No time")}};
  for (const KernelGroup& group : m_groups)
    numbers.rows.push_back(
        {nameOf(group), qlonglong(group.launches), group.totalNs * 1e-6, 100 * group.share,
         numberOrNothing(group.quantile(0.5) * kUs), numberOrNothing(group.quantile(0.95) * kUs),
         numberOrNothing(group.quantile(1) * kUs), qlonglong(group.inCalls), qlonglong(group.timeless)});
  m_model->setData(std::move(numbers));
  m_list->resizeColumnsToContents();
  if (!m_groups.empty()) m_list->selectRow(0);
}

QString KernelView::nameOf(const KernelGroup& group) const {
  const db::LaunchConfig& config = m_kernels->configs[size_t(group.config)];
  return QStringLiteral("%1 [%2\u00d7%3\u00d7%4, %5]")
      .arg(text(config.name))
      .arg(config.grid[0])
      .arg(config.grid[1])
      .arg(config.grid[2])
      .arg(int64_t{config.block[0]} * config.block[1] * config.block[2]);
}

void KernelView::choose(size_t group) {
  m_list->setCurrentIndex(m_sorted->mapFromSource(m_model->index(int(group), 0)));
}
void KernelView::setCumulative(bool cumulative) {
  m_shape->setCurrentIndex(cumulative ? 1 : 0);
}

void KernelView::draw() {
  if (m_chosen >= m_groups.size() || m_groups[m_chosen].ns.empty()) {
    m_plot->setSeries({});
    return;
  }
  const KernelGroup& group = m_groups[m_chosen];
  const double lo = group.ns.front() * kUs;
  const double hi = std::max(group.quantile(kTail) * kUs, lo * 1.001 + 1e-3);
  if (m_shape->currentIndex() == 0)
    drawHistogram(group, lo, hi);
  else
    drawShares(group, lo, hi);
  m_plot->setMark(group.quantile(0.5) * kUs);
  m_readout->setText(
      tr("%1: %2 launches, %3 in all; median %4, p5 %5, p95 %6, longest %7. The line is the median.")
          .arg(nameOf(group), text(analyzer::formatCount(group.launches)), us(group.totalNs),
               us(group.quantile(0.5)), us(group.quantile(0.05)), us(group.quantile(0.95)),
               us(group.ns.back())));
  m_plot->setAccessibleDescription(m_readout->text());
}

void KernelView::drawHistogram(const KernelGroup& group, double lo, double hi) {
  const int bins = std::clamp(int(std::sqrt(double(group.ns.size()))), 8, 60);
  const double width = (hi - lo) / bins;
  XySeries bars{.shape = LineSample::Bar, .colour = ColourRole::Accent, .x = {}, .y = {}};
  bars.barWidth = width * 0.96;
  bars.y.assign(size_t(bins), 0);
  for (int i = 0; i < bins; ++i) bars.x.push_back(lo + (i + 0.5) * width);
  for (const double ns : group.ns) ++bars.y[size_t(std::clamp(int((ns * kUs - lo) / width), 0, bins - 1))];
  const double top = *std::max_element(bars.y.begin(), bars.y.end());
  m_plot->setAxes({.title = tr("Time of a launch (\u00b5s)"), .lo = lo, .hi = hi, .format = plainTick},
                  {.title = tr("Launches"), .lo = 0, .hi = top * 1.05, .whole = true});
  m_plot->setSeries({std::move(bars)});
}

void KernelView::drawShares(const KernelGroup& group, double lo, double hi) {
  XySeries curve{.colour = ColourRole::Accent, .x = {}, .y = {}};
  const size_t points = std::min(group.ns.size(), kCurve);
  for (size_t i = 0; i < points; ++i) {
    const double share = points > 1 ? double(i) / double(points - 1) : 1;
    curve.x.push_back(group.quantile(share) * kUs);
    curve.y.push_back(share);
  }
  m_plot->setAxes({.title = tr("Time of a launch (\u00b5s)"), .lo = lo, .hi = hi, .format = plainTick},
                  {.title = tr("Share of the launches (%)"), .lo = 0, .hi = 1, .format = [](double share) {
                     return numberText(100 * share);
                   }});
  m_plot->setSeries({std::move(curve)});
}

void KernelView::fit() {
  m_plot->fit();
}

QString KernelView::copyText() const {
  return m_groups.empty() ? m_readout->text() : m_readout->text() + QChar('\n') + tabText(table());
}

}  // namespace ditscope::gui
