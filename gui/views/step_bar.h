// SPDX-License-Identifier: GPL-3.0-or-later
// The transport of the window: step slider with before, play and after, the guidance branch, and which of two
// runs is shown. It moves the selection of the whole window.
#pragma once

#include <QTimer>
#include <QWidget>

#include "gui/session.h"

class QComboBox;
class QLabel;
class QSlider;
class QToolButton;

namespace ditscope::gui {

class StepBar : public QWidget {
  Q_OBJECT
 public:
  explicit StepBar(Session* session, QWidget* parent = nullptr);

  void setPlaying(bool playing);  // one step after the other, from the start again after the last
  [[nodiscard]] bool playing() const { return m_timer.isActive(); }

 private:
  void reload();
  void offerRuns();
  void follow();
  void advance();

  Session* m_session;
  QSlider* m_slider;
  QToolButton* m_play;
  QLabel* m_text;
  QComboBox* m_branch;
  QLabel* m_runLabel;
  QComboBox* m_run;  // A | B | B - A; hidden with one run
  QTimer m_timer;
};

}  // namespace ditscope::gui
