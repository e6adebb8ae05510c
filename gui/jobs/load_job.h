// SPDX-License-Identifier: GPL-3.0-or-later
// Loads a trace on a worker thread. A second start() gives up the first: whatever a given-up load still
// delivers is dropped by its number. The destructor cancels and waits, so that a window may close at any
// time. That every page of the file is sound is checked once it is shown, for that takes longer than reading
// it.
#pragma once

#include <QObject>
#include <QString>
#include <QThreadPool>
#include <functional>

#include "gui/jobs/task.h"
#include "gui/models/trace.h"

namespace ditscope::gui {

class LoadJob : public QObject {
  Q_OBJECT
 public:
  explicit LoadJob(QObject* parent = nullptr);
  ~LoadJob() override;

  void start(const QString& path);
  void cancel();
  [[nodiscard]] bool running() const { return m_running; }
  [[nodiscard]] bool checking() const { return m_check.busy(); }

 signals:
  void started(const QString& path);
  void progressed(int done, int total, const QString& what);
  void loaded(ditscope::gui::TracePtr trace);
  void failed(const QString& message, int exitCode);  // one line: what, why, what to do
  void damaged(const QString& message);               // a file that was loaded
  void cancelled();

 private:
  void giveUp();
  void check(const QString& path);

  QThreadPool m_pool;
  Task<bool> m_check;
  std::function<void()> m_cancelCurrent;
  int m_number = 0;
  bool m_running = false;
};

}  // namespace ditscope::gui
