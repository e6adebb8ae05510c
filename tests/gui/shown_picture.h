// SPDX-License-Identifier: GPL-3.0-or-later
// What a pane looks like once it has settled.
#pragma once

#include <QtTest>

#include "gui/views/pane.h"

namespace ditscope::tests {

inline QImage shownPicture(gui::Pane& pane, int width, int height) {
  pane.resize(width, height);
  pane.show();
  [&] { QTRY_VERIFY(pane.settled()); }();
  QTest::qWait(30);
  return pane.picture();
}

}  // namespace ditscope::tests
