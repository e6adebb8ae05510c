// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/recent_files.h"

#include <QFileInfo>

namespace ditscope::gui {
namespace {
const QString kKey = QStringLiteral("recentFiles");
}

QStringList RecentFiles::paths() const {
  return m_settings ? m_settings->value(kKey).toStringList().mid(0, kLimit) : m_unsaved;
}

void RecentFiles::add(const QString& path) {
  const QString absolute = QFileInfo(path).absoluteFilePath();
  QStringList list = paths();
  list.removeAll(absolute);
  list.prepend(absolute);
  list = list.mid(0, kLimit);
  if (m_settings)
    m_settings->setValue(kKey, list);
  else
    m_unsaved = list;
}

void RecentFiles::clear() {
  if (m_settings)
    m_settings->remove(kKey);
  else
    m_unsaved.clear();
}

}  // namespace ditscope::gui
