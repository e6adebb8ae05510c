// SPDX-License-Identifier: GPL-3.0-or-later
// The docks with all panes, their layout and its reset.
#pragma once

#include <QByteArray>
#include <QMainWindow>
#include <vector>

#include "gui/views/pane.h"

class QDockWidget;

namespace ditscope::gui {

class Workspace : public QMainWindow {
  Q_OBJECT
 public:
  explicit Workspace(Session* session, QWidget* parent = nullptr);

  void resetLayout();
  [[nodiscard]] QByteArray layoutState() const;
  bool restoreLayout(const QByteArray& state);  // false: the state is of another version or damaged

  [[nodiscard]] const std::vector<QDockWidget*>& docks() const { return m_docks; }
  [[nodiscard]] Pane* pane(const QString& name) const;  // nullptr when there is no such pane
  [[nodiscard]] Pane* focusedPane() const;              // the pane last worked in
  [[nodiscard]] bool settled() const;
  using QWidget::raise;
  void raise(const QString& name);  // shows a pane in front of its tabs

 private:
  [[nodiscard]] QDockWidget* dock(const QString& name) const;

  std::vector<QDockWidget*> m_docks;
  Pane* m_lastFocused = nullptr;
};

}  // namespace ditscope::gui
