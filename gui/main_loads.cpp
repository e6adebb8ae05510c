// SPDX-License-Identifier: GPL-3.0-or-later
// The window's loads: what a load in progress and its end do, recent files, and following a recording.
#include <QAction>
#include <QFileInfo>
#include <QMenu>

#include "gui/main_window.h"
#include "gui/views/message_bar.h"
#include "gui/views/start_page.h"

namespace ditscope::gui {

void MainWindow::connectLoads() {
  connectLoad(m_load, [this](const TracePtr& trace) { showTrace(trace); });
  connectLoad(m_loadOther, [this](const TracePtr& trace) {
    m_session.setOther(trace);
    if (!m_restoring.traceB.isEmpty()) m_session.setShown(RunShown(m_restoring.shown));
    m_restoring.traceB.clear();
  });
  connect(&m_follower, &Follower::grown, this, [this] {
    if (m_load.running() || !m_session.runA()) return;
    m_quiet = true;
    m_load.start(QString::fromStdString(m_session.runA()->path.string()));
  });
  connect(&m_follower, &Follower::vanished, this, [this] {
    m_followAction->setChecked(false);
    m_message->showError(tr("following %1 : the file is gone : what was read of it stays on screen")
                             .arg(QString::fromStdString(m_session.runA()->path.filename().string())));
  });
}

void MainWindow::connectLoad(LoadJob& job, const std::function<void(const TracePtr&)>& loaded) {
  const auto loading = std::make_shared<QString>();
  connect(&job, &LoadJob::started, this, [this, loading](const QString& path) {
    *loading = path;
    if (m_quiet) return;
    m_message->showProgress(tr("Loading %1").arg(QFileInfo(path).fileName()), 0, int(LoadPhase::Done));
  });
  connect(&job, &LoadJob::progressed, this, [this, loading](int done, int total, const QString& what) {
    if (m_quiet) return;
    m_message->showProgress(tr("Loading %1: %2").arg(QFileInfo(*loading).fileName(), what), done, total);
  });
  connect(&job, &LoadJob::loaded, this, [this, loading, loaded](const TracePtr& trace) {
    if (!m_quiet) m_message->clear();
    m_recent.add(*loading);
    m_start->setRecent(m_recent.paths());
    loaded(trace);
    m_quiet = false;
  });
  connect(&job, &LoadJob::failed, this, [this](const QString& message) {
    m_quiet = false;
    m_message->showError(message);
  });
  connect(&job, &LoadJob::damaged, m_message, &MessageBar::showError);
  connect(&job, &LoadJob::cancelled, m_message, &MessageBar::clear);
  connect(m_message, &MessageBar::cancelAsked, &job, &LoadJob::cancel);
}

void MainWindow::fillRecentMenu(QMenu& menu) {
  menu.clear();
  for (const QString& path : m_recent.paths()) {
    QAction* action = menu.addAction(QString(path).replace(QChar('&'), QStringLiteral("&&")), this,
                                     [this, path] { open(path); });
    action->setEnabled(QFileInfo::exists(path));
  }
  menu.setEnabled(!menu.isEmpty());
}

// A recording that is not finished is followed as soon as it is opened; a finished one cannot grow.
void MainWindow::updateFollowing() {
  const bool finalised = !m_session.runA() || m_session.runA()->facts.run.finalised;
  m_followAction->setEnabled(!finalised);
  if (finalised) m_followAction->setChecked(false);
  const QString path = m_session.runA() ? QString::fromStdString(m_session.runA()->path.string()) : QString();
  if (!finalised && !m_follower.active() && m_followed != path) m_followAction->setChecked(true);
  m_followed = path;
}

void MainWindow::setFollowing(bool following) {
  if (following && m_session.runA())
    m_follower.follow(QString::fromStdString(m_session.runA()->path.string()));
  else
    m_follower.stop();
}

}  // namespace ditscope::gui
