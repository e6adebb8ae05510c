// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/workspace.h"

#include <QApplication>
#include <QDockWidget>
#include <QTabBar>
#include <algorithm>
#include <map>

#include "gui/views/pane_registry.h"

namespace ditscope::gui {
namespace {

constexpr int kLeastPaneHeight = 160;
constexpr int kLayoutVersion = 4;  // raise it when docks come or go

Pane* paneOf(const QDockWidget* dock) {
  return static_cast<Pane*>(dock->widget());
}

}  // namespace

Workspace::Workspace(Session* session, QWidget* parent) : QMainWindow(parent) {
  setWindowFlags(Qt::Widget);  // QMainWindow makes itself a window of its own otherwise
  setDockOptions(AllowNestedDocks | AllowTabbedDocks);  // not animated: a picture shows the final layout
  setDocumentMode(true);
  setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
  for (const PaneEntry& entry : paneEntries()) {
    auto* dock = new QDockWidget(entry.title, this);
    dock->setObjectName(entry.name);
    dock->setWidget(entry.make(session, dock));
    // The tallest of the tabs would else make the window taller than a small screen.
    dock->widget()->setMinimumHeight(kLeastPaneHeight);
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

void Workspace::raise(const QString& name) {
  QDockWidget* found = dock(name);
  if (!found) return;
  found->show();
  found->raise();
}

void Workspace::resetLayout() {
  for (QDockWidget* each : m_docks) {
    if (each->isFloating()) each->setFloating(false);
    each->show();
  }
  // The first pane of each place, then the others as tabs behind it.
  std::map<PanePlace, QDockWidget*> first;
  for (const PaneEntry& entry : paneEntries()) first.try_emplace(entry.place, dock(entry.name));
  QDockWidget* left = first[PanePlace::Left];
  QDockWidget* upper = first[PanePlace::Upper];
  QDockWidget* lower = first[PanePlace::Lower];
  QDockWidget* right = first[PanePlace::Right];
  addDockWidget(Qt::LeftDockWidgetArea, left);
  splitDockWidget(left, upper, Qt::Horizontal);
  splitDockWidget(upper, right, Qt::Horizontal);
  splitDockWidget(upper, lower, Qt::Vertical);
  std::map<PanePlace, QDockWidget*> last = first;
  for (const PaneEntry& entry : paneEntries()) {
    QDockWidget* each = dock(entry.name);
    if (each == first[entry.place]) continue;
    tabifyDockWidget(last[entry.place], each);
    last[entry.place] = each;
  }
  for (const auto& [place, each] : first) each->raise();
  // Qt keeps the tab bars of the layout before; one that has no tabs any more would still draw its base line.
  for (QTabBar* bar : findChildren<QTabBar*>(QString(), Qt::FindDirectChildrenOnly))
    bar->setVisible(bar->count() > 0);
  const int all = std::max(width(), 1000);
  const int side = std::clamp(all * 22 / 100, 270, 330);
  const int rest = all - side;
  resizeDocks({left, upper, right}, {side, rest * 47 / 100, rest * 53 / 100}, Qt::Horizontal);
  resizeDocks({upper, lower}, {55, 45}, Qt::Vertical);
}

QByteArray Workspace::layoutState() const {
  return saveState(kLayoutVersion);
}
bool Workspace::restoreLayout(const QByteArray& state) {
  return restoreState(state, kLayoutVersion);
}

}  // namespace ditscope::gui
