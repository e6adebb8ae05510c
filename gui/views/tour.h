// SPDX-License-Identifier: GPL-3.0-or-later
// A walk through the panes: a strip below them that explains one after the other, each brought to the front.
// Never in the way: everything stays usable while it is shown.
#pragma once

#include <QFrame>

class QLabel;
class QToolButton;

namespace ditscope::gui {

class Workspace;

class Tour : public QFrame {
  Q_OBJECT
 public:
  explicit Tour(Workspace* workspace, QWidget* parent = nullptr);

  void start();
  void go(int by);
  [[nodiscard]] int station() const { return m_station; }
  [[nodiscard]] static int stations();
  [[nodiscard]] static QString paneAt(int station);

 private:
  void showStation();

  Workspace* m_workspace;
  QLabel* m_text;
  QToolButton *m_back, *m_next;
  int m_station = 0;
};

}  // namespace ditscope::gui
