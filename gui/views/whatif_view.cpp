// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/whatif_view.h"

#include <QPushButton>
#include <QSignalBlocker>
#include <QSlider>
#include <QSpinBox>
#include <QSplitter>
#include <QUndoCommand>
#include <algorithm>
#include <cmath>

#include "analyzer/format.h"
#include "gui/models/readout.h"
#include "gui/plots/xy_plot.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {

// A change of the plan; the steps of one drag of a slider are one.
class PlanCommand : public QUndoCommand {
 public:
  PlanCommand(WhatIfView* view, WhatIfPlan before, WhatIfPlan after)
      : QUndoCommand(QObject::tr("what if: %1").arg(planText(after))),
        m_view(view),
        m_before(std::move(before)),
        m_after(std::move(after)),
        m_drag(view->m_value->isSliderDown() ? view->m_drag : 0) {}

  void undo() override { m_view->apply(m_before); }
  void redo() override { m_view->apply(m_after); }
  [[nodiscard]] int id() const override { return 1; }
  bool mergeWith(const QUndoCommand* next) override {
    const auto* later = static_cast<const PlanCommand*>(next);
    if (m_drag == 0 || later->m_drag != m_drag) return false;
    m_after = later->m_after;
    setText(later->text());
    return true;
  }

 private:
  WhatIfView* m_view;
  WhatIfPlan m_before, m_after;
  int m_drag;  // 0: it is no part of one
};

namespace {

constexpr int kSliderSteps = 1000;
constexpr double kSmallest = 0.001;

}  // namespace

WhatIfView::WhatIfView(Session* owner, QWidget* parent) : Pane(owner, tr("What if"), parent) {
  QVBoxLayout* column = paneColumn(this);
  buildControls(*column);
  m_heading = headingLabel(this);
  column->addWidget(m_heading);
  auto* splitter = new QSplitter(Qt::Vertical, this);
  m_plot = new XyPlot(this);
  m_plot->setAccessibleName(tr("Recall over density of the settings"));
  m_model = new TableModel(this);
  m_list = dataTable(m_model, this);
  m_list->setSortingEnabled(false);
  m_list->setAccessibleName(tr("Settings and what they would do"));
  splitter->addWidget(m_plot);
  splitter->addWidget(m_list);
  m_list->setMinimumHeight(60);
  splitter->setStretchFactor(0, 1);
  splitter->setSizes({1000, 110});
  column->addWidget(splitter, 1);
  m_readout = readoutLabel(this);
  column->addWidget(m_readout);
  setFocusProxy(m_value);
  connect(owner, &Session::traceChanged, this, [this] {
    m_windows = nullptr;
    m_prices = nullptr;
    m_pricesTried = m_windowsTried = false;
    m_windowTask.giveUp();
    m_priceTask.giveUp();
    m_pinned.clear();
    reload();
  });
  connect(owner, &Session::curvesChanged, this, &WhatIfView::reload);
  connect(&owner->selection(), &Selection::pinnedChanged, this, [this](Selection::Parts changed) {
    if (changed & (Selection::Layer | Selection::Head)) showControls();
  });
}

void WhatIfView::buildControls(QVBoxLayout& column) {
  m_scope = new QComboBox(this);
  m_scope->addItems({tr("all heads"), tr("the layer"), tr("the head")});
  m_scope->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  m_rule = new QComboBox(this);
  for (const auto& [name, rule] : {std::pair{tr("heaviest blocks, share of them"), WhatIfRule::Density},
                                   {tr("heaviest blocks, share of mass"), WhatIfRule::Mass},
                                   {tr("window around the diagonal"), WhatIfRule::Window},
                                   {tr("as recorded"), WhatIfRule::Recorded},
                                   {tr("dense"), WhatIfRule::Dense}})
    m_rule->addItem(name, int(rule));
  m_value = new QSlider(Qt::Horizontal, this);
  m_value->setRange(1, kSliderSteps);
  m_value->setPageStep(20);
  m_value->setMinimumWidth(80);
  m_value->setAccessibleName(tr("Value of the setting"));
  m_valueText = new QLabel(this);
  m_valueText->setMinimumWidth(m_valueText->fontMetrics().horizontalAdvance(QStringLiteral("99.9 %")));
  m_first = new QSpinBox(this);
  m_last = new QSpinBox(this);
  auto* pinButton = new QPushButton(tr("&Pin"), this);
  pinButton->setToolTip(tr("Keep this setting in the table, to compare with"));
  auto* upper = new QHBoxLayout;
  addField(*upper, tr("F&or"), m_scope);
  addField(*upper, tr("&keep"), m_rule);
  upper->addWidget(m_value, 1);
  upper->addWidget(m_valueText);
  auto* lower = new QHBoxLayout;
  addField(*lower, tr("Dense steps: f&irst"), m_first);
  addField(*lower, tr("l&ast"), m_last);
  lower->addStretch();
  lower->addWidget(pinButton);
  column.addLayout(upper);
  column.addLayout(lower);
  connect(m_scope, &QComboBox::currentIndexChanged, this, &WhatIfView::showControls);
  connect(m_rule, &QComboBox::currentIndexChanged, this, [this] {
    setSetting({WhatIfRule(m_rule->currentData().toInt()), settingInScope().value});
  });
  connect(m_value, &QSlider::sliderPressed, this, [this] { ++m_drag; });
  connect(m_value, &QSlider::valueChanged, this, [this](int at) {
    setSetting({settingInScope().rule, std::max(double(at) / kSliderSteps, kSmallest)});
  });
  for (QSpinBox* spin : {m_first, m_last})
    connect(spin, &QSpinBox::valueChanged, this,
            [this] { setDenseSteps(m_first->value(), m_last->value()); });
  connect(pinButton, &QPushButton::clicked, this, &WhatIfView::pin);
}

void WhatIfView::showEvent(QShowEvent* event) {
  Pane::showEvent(event);
  reload();
}

std::vector<LayerHead> WhatIfView::headsInScope() const {
  const auto scope = Scope(m_scope->currentIndex());
  const Cell& cell = Pane::pinned();
  if (scope == Scope::Head) return {{cell.layer, cell.head}};
  std::vector<LayerHead> heads;
  if (scope == Scope::Layer)
    for (int head = 0; head < selection().extent().heads; ++head) heads.emplace_back(cell.layer, head);
  return heads;
}

WhatIfSetting WhatIfView::settingInScope() const {
  const std::vector<LayerHead> heads = headsInScope();
  return heads.empty() ? m_plan.all : m_plan.of(heads.front());
}

void WhatIfView::setScope(Scope scope) {
  m_scope->setCurrentIndex(int(scope));
}

void WhatIfView::setSetting(const WhatIfSetting& setting) {
  WhatIfPlan plan = m_plan;
  const std::vector<LayerHead> heads = headsInScope();
  if (heads.empty()) {
    plan.all = setting;
    plan.heads.clear();
  }
  for (const LayerHead& head : heads) plan.heads[head] = setting;
  change(plan);
}

void WhatIfView::setDenseSteps(int first, int last) {
  WhatIfPlan plan = m_plan;
  plan.denseFirst = first;
  plan.denseLast = last;
  change(plan);
}

void WhatIfView::change(const WhatIfPlan& plan) {
  if (plan == m_plan) return;
  session().undo().push(new PlanCommand(this, m_plan, plan));
}

void WhatIfView::apply(const WhatIfPlan& plan) {
  m_plan = plan;
  showControls();
  readMore();
  recompute();
}

void WhatIfView::showControls() {
  const QSignalBlocker quiet[] = {QSignalBlocker(m_rule), QSignalBlocker(m_value), QSignalBlocker(m_first),
                                  QSignalBlocker(m_last)};
  const WhatIfSetting setting = settingInScope();
  m_rule->setCurrentIndex(m_rule->findData(int(setting.rule)));
  m_value->setValue(int(std::lround(setting.value * kSliderSteps)));
  const bool hasValue = setting.rule != WhatIfRule::Dense && setting.rule != WhatIfRule::Recorded;
  m_value->setEnabled(hasValue);
  m_valueText->setText(hasValue ? text(analyzer::formatPercent(setting.value)) : QString());
  const int steps = int(selection().extent().steps.size());
  m_first->setRange(0, steps);
  m_last->setRange(0, steps);
  m_first->setValue(m_plan.denseFirst);
  m_last->setValue(m_plan.denseLast);
  m_scope->setItemText(1, tr("layer %1").arg(Pane::pinned().layer));
  m_scope->setItemText(2, tr("layer %1, head %2").arg(Pane::pinned().layer).arg(Pane::pinned().head));
}

void WhatIfView::pin() {
  if (!m_curves) return;
  m_pinned.push_back({m_plan, m_outcome});
  fillTable();
  draw();
}

void WhatIfView::fit() {
  m_plot->fit();
}

bool WhatIfView::settled() const {
  return !session().readsCurves() && !m_windowTask.busy() && !m_priceTask.busy();
}

QString WhatIfView::copyText() const {
  return m_heading->text() + QChar('\n') + m_readout->text() + QChar('\n') + tabText(table());
}

}  // namespace ditscope::gui
