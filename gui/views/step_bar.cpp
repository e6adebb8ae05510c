// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/step_bar.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>
#include <algorithm>

#include "gui/models/readout.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {
namespace {

constexpr int kStepMs = 250;  // a step

QToolButton* button(const QString& sign, const QString& name, QWidget* parent) {
  auto* made = new QToolButton(parent);
  made->setText(sign);
  made->setAutoRaise(true);
  made->setAccessibleName(name);
  made->setToolTip(name);
  made->setMinimumWidth(30);
  return made;
}

}  // namespace

StepBar::StepBar(Session* session, QWidget* parent) : QWidget(parent), m_session(session) {
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(10, 3, 10, 3);
  row->setSpacing(4);
  QToolButton* before = button(QStringLiteral("\u25c2"), tr("Step before ( [ )"), this);
  m_play = button(QStringLiteral("\u25b6"), tr("Play the steps (P)"), this);
  m_play->setCheckable(true);
  QToolButton* after = button(QStringLiteral("\u25b8"), tr("Step after ( ] )"), this);
  m_slider = new QSlider(Qt::Horizontal, this);
  m_slider->setAccessibleName(tr("Step"));
  m_slider->setTickPosition(QSlider::TicksBelow);
  m_slider->setPageStep(1);
  m_text = new QLabel(this);
  m_branch = new QComboBox(this);
  m_branch->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  row->addWidget(before);
  row->addWidget(m_play);
  row->addWidget(after);
  row->addSpacing(6);
  row->addWidget(m_slider, 1);
  row->addSpacing(6);
  row->addWidget(m_text);
  row->addSpacing(14);
  addField(*row, tr("&Branch"), m_branch);
  row->addSpacing(14);
  m_run = new QComboBox(this);
  m_run->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  m_runLabel = new QLabel(tr("&Run"), this);
  m_runLabel->setBuddy(m_run);
  m_run->setAccessibleName(tr("Run"));
  row->addWidget(m_runLabel);
  row->addWidget(m_run);
  offerRuns();

  Selection& selection = session->selection();
  connect(before, &QToolButton::clicked, &selection, [&selection] { selection.moveStep(-1); });
  connect(after, &QToolButton::clicked, &selection, [&selection] { selection.moveStep(1); });
  connect(m_play, &QToolButton::toggled, this, &StepBar::setPlaying);
  connect(m_slider, &QSlider::valueChanged, this, [&selection](int at) {
    if (size_t(at) < selection.extent().steps.size()) selection.setStep(selection.extent().steps[size_t(at)]);
  });
  connect(m_branch, &QComboBox::currentIndexChanged, this,
          [this, &selection] { selection.setBranch(db::Branch(m_branch->currentData().toInt())); });
  connect(session, &Session::traceChanged, this, &StepBar::reload);
  connect(session, &Session::runsChanged, this, &StepBar::offerRuns);
  connect(m_run, &QComboBox::currentIndexChanged, this, [this](int at) {
    if (at >= 0) m_session->setShown(RunShown(at));
  });
  connect(&selection, &Selection::pinnedChanged, this, &StepBar::follow);
  connect(&m_timer, &QTimer::timeout, this, &StepBar::advance);
  m_timer.setInterval(kStepMs);
  reload();
}

void StepBar::reload() {
  setPlaying(false);
  const Selection::Extent& extent = m_session->selection().extent();
  const QSignalBlocker quietSlider(m_slider), quietBranch(m_branch);
  m_slider->setRange(0, std::max(int(extent.steps.size()) - 1, 0));
  m_branch->clear();
  for (const db::Branch branch : extent.branches) m_branch->addItem(branchName(branch), int(branch));
  m_branch->setEnabled(extent.branches.size() > 1);
  setEnabled(!extent.steps.empty());
  // Room for the longest text, so that the slider keeps its place while it moves.
  int widest = 0;
  for (const int step : extent.steps)
    widest = std::max(widest, fontMetrics().horizontalAdvance(stepText(*m_session->trace(), step)));
  m_text->setMinimumWidth(widest);
  if (m_run->count() > 0) {
    const QSignalBlocker quietRun(m_run);
    m_run->setCurrentIndex(int(m_session->shown()));
  }
  follow();
}

void StepBar::offerRuns() {
  const QSignalBlocker quiet(m_run);
  const bool both = m_session->runA() && m_session->runB();
  m_run->clear();
  if (both) {
    m_run->addItem(QStringLiteral("A  %1").arg(text(m_session->runA()->path.filename().string())));
    m_run->addItem(QStringLiteral("B  %1").arg(text(m_session->runB()->path.filename().string())));
    m_run->addItem(tr("B \u2212 A"));
    m_run->setCurrentIndex(int(m_session->shown()));
  }
  m_run->setVisible(both);
  m_runLabel->setVisible(both);
}

void StepBar::follow() {
  const Selection& selection = m_session->selection();
  const std::vector<int>& steps = selection.extent().steps;
  const QSignalBlocker quietSlider(m_slider), quietBranch(m_branch);
  const auto at = std::lower_bound(steps.begin(), steps.end(), selection.pinned().step);
  m_slider->setValue(int(at - steps.begin()));
  m_branch->setCurrentIndex(m_branch->findData(int(selection.pinned().branch)));
  m_text->setText(m_session->trace() ? stepText(*m_session->trace(), selection.pinned().step) : QString());
}

void StepBar::setPlaying(bool playing) {
  if (playing)
    m_timer.start();
  else
    m_timer.stop();
  const QSignalBlocker quiet(m_play);
  m_play->setChecked(playing);
  m_play->setText(playing ? QStringLiteral("\u275a\u275a") : QStringLiteral("\u25b6"));
}

void StepBar::advance() {
  if (m_session->blocks().busy()) return;  // never faster than the masks can be read
  if (!m_session->selection().moveStep(1))
    m_session->selection().setStep(m_session->selection().extent().steps.front());
}

}  // namespace ditscope::gui
