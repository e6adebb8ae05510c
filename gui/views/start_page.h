// SPDX-License-Identifier: GPL-3.0-or-later
// What the window shows before a trace is open: how to get one, and the ones opened before.
#pragma once

#include <QStringList>
#include <QWidget>

class QLabel;

namespace ditscope::gui {

class StartPage : public QWidget {
  Q_OBJECT
 public:
  explicit StartPage(QWidget* parent = nullptr);
  void setRecent(const QStringList& paths);

 signals:
  void openAsked();
  void tourAsked();
  void pathAsked(const QString& path);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void write();

  QLabel* m_text;
  QLabel* m_recent;
  QStringList m_paths;
};

}  // namespace ditscope::gui
