// SPDX-License-Identifier: GPL-3.0-or-later
// A line above the panes for errors and for the progress of a load; never a box in the way.
#pragma once

#include <QFrame>

class QLabel;
class QProgressBar;
class QToolButton;

namespace ditscope::gui {

class MessageBar : public QFrame {
  Q_OBJECT
 public:
  explicit MessageBar(QWidget* parent = nullptr);

  void showError(const QString& message);
  void showProgress(const QString& message, int done, int total);
  void clear();
  [[nodiscard]] QString message() const;

 signals:
  void cancelAsked();

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void colour();

  QLabel* m_sign;
  QLabel* m_text;
  QProgressBar* m_progress;
  QToolButton* m_button;
  bool m_isError = false;
};

}  // namespace ditscope::gui
