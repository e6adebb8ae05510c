// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/jobs/follower.h"

#include <QDateTime>
#include <QFileInfo>

namespace ditscope::gui {

Follower::Follower(QObject* parent) : QObject(parent) {
  m_timer.setInterval(1000);
  connect(&m_timer, &QTimer::timeout, this, &Follower::look);
}

void Follower::follow(const QString& path) {
  m_path = path;
  m_last = signature();
  m_timer.start();
}

void Follower::stop() {
  m_timer.stop();
}

QString Follower::signature() const {
  const QFileInfo file(m_path), log(m_path + QStringLiteral("-wal"));
  if (!file.exists()) return {};
  QString words;
  for (const QFileInfo& each : {file, log})
    words += QStringLiteral("%1 %2;").arg(each.size()).arg(each.lastModified().toMSecsSinceEpoch());
  return words;
}

void Follower::look() {
  const QString now = signature();
  if (now.isEmpty()) {
    stop();
    emit vanished();
    return;
  }
  if (now == m_last) return;
  m_last = now;
  emit grown();
}

}  // namespace ditscope::gui
