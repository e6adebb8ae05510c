// SPDX-License-Identifier: GPL-3.0-or-later
// Watches a trace that is being recorded: says when its file, or the log beside it that SQLite writes first,
// has grown. Asks the file system once a second rather than being told, because network file systems do not
// tell.
#pragma once

#include <QObject>
#include <QString>
#include <QTimer>

namespace ditscope::gui {

class Follower : public QObject {
  Q_OBJECT
 public:
  explicit Follower(QObject* parent = nullptr);

  void follow(const QString& path);
  void stop();
  [[nodiscard]] bool active() const { return m_timer.isActive(); }
  void setInterval(int ms) { m_timer.setInterval(ms); }

 signals:
  void grown();
  void vanished();

 private:
  void look();
  [[nodiscard]] QString signature() const;  // sizes and times of both files; empty: the trace is gone

  QString m_path, m_last;
  QTimer m_timer;
};

}  // namespace ditscope::gui
