// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/workspace.h"

#include <QApplication>
#include <QDockWidget>
#include <algorithm>

#include "gui/views/pane_registry.h"

namespace ditscope::gui {
namespace {

constexpr int kLayoutVersion = 1;  // raise it when docks come or go

Pane* paneOf(const QDockWidget* dock) {
  return static_cast<Pane*>(dock->widget());
}

}  // namespace

Workspace::Workspace(Session* session, QWidget* parent) : QMainWindow(parent) {
  setWindowFlags(Qt::Widget);  // QMainWindow makes itself a window of its own otherwise
  setDockNestingEnabled(true);
  for (const PaneEntry& entry : paneEntries()) {
    auto* dock = new QDockWidget(entry.title, this);
    dock->setObjectName(entry.name);
    dock->setWidget(entry.make(session, dock));
    m_docks.push_back(dock);
  }
  m_lastFocused = pane(QStringLiteral("grid"));
  connect(qApp, &QApplication::focusChanged, this, [this](QWidget*, QWidget* now) {
    for (QDockWidget* each : m_docks)
      if (now && each->isAncestorOf(now)) m_lastFocused = paneOf(each);
  });
  resetLayout();
}

QDockWidget* Workspace::dock(const QString& name) const {
  const auto found = std::find_if(m_docks.begin(), m_docks.end(),
                                  [&](const QDockWidget* each) { return each->objectName() == name; });
  return found == m_docks.end() ? nullptr : *found;
}

Pane* Workspace::pane(const QString& name) const {
  const QDockWidget* found = dock(name);
  return found ? paneOf(found) : nullptr;
}

Pane* Workspace::focusedPane() const {
  return m_lastFocused;
}

bool Workspace::settled() const {
  return std::all_of(m_docks.begin(), m_docks.end(),
                     [](const QDockWidget* each) { return paneOf(each)->settled(); });
}

void Workspace::resetLayout() {
  QDockWidget* summary = dock(QStringLiteral("summary"));
  QDockWidget* grid = dock(QStringLiteral("grid"));
  QDockWidget* mask = dock(QStringLiteral("mask"));
  QDockWidget* drift = dock(QStringLiteral("drift"));
  for (QDockWidget* each : m_docks)
    if (each->isFloating()) each->setFloating(false);
  addDockWidget(Qt::LeftDockWidgetArea, summary);
  splitDockWidget(summary, grid, Qt::Horizontal);
  splitDockWidget(grid, mask, Qt::Horizontal);
  splitDockWidget(grid, drift, Qt::Vertical);
  for (QDockWidget* each : m_docks) each->show();
  const int all = std::max(width(), 1000);
  const int side = std::clamp(all * 22 / 100, 270, 330);
  const int rest = all - side;
  resizeDocks({summary, grid, mask}, {side, rest * 47 / 100, rest * 53 / 100}, Qt::Horizontal);
  resizeDocks({grid, drift}, {55, 45}, Qt::Vertical);
}

QByteArray Workspace::layoutState() const {
  return saveState(kLayoutVersion);
}
bool Workspace::restoreLayout(const QByteArray& state) {
  return restoreState(state, kLayoutVersion);
}

}  // namespace ditscope::gui
