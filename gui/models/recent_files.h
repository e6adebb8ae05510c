// SPDX-License-Identifier: GPL-3.0-or-later
// The last ten traces that were opened, newest first, kept in the user's settings.
#pragma once

#include <QSettings>
#include <QString>
#include <QStringList>

namespace ditscope::gui {

class RecentFiles {
 public:
  static constexpr int kLimit = 10;
  explicit RecentFiles(QSettings* settings) : m_settings(settings) {}  // nullptr: kept in memory only
  [[nodiscard]] QStringList paths() const;
  void add(const QString& path);
  void clear();

 private:
  QSettings* m_settings;
  QStringList m_unsaved;
};

}  // namespace ditscope::gui
