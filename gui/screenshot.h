// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures of the window or of one pane without a person: for documents, tests and machines with no display.
// The same input gives the same picture: style, palette and font are pinned and no settings are read.
#pragma once

#include <QSize>
#include <QString>
#include <QStringList>
#include <optional>

#include "gui/session.h"

namespace ditscope::gui {

struct PictureRequest {
  QString trace;
  QString other;  // to compare with; empty: none
  RunShown shown = RunShown::A;
  QString out;
  QString view = QStringLiteral("window");  // or the name of a pane
  QString select;                           // step=7,layer=3,head=2,branch=uncond,query=4,key=5
  QSize size;                               // empty: 1280x800 for the window, 720x560 for a pane
  QString tab;  // of the window: panes to bring to the front, by name, with commas
};

[[nodiscard]] QStringList viewNames();
[[nodiscard]] Cell parseSelection(const QString& words, const Trace& trace);  // throws db::Error
[[nodiscard]] QSize parseSize(const QString& words);                          // throws db::Error

void desktopLook();         // style, palette and font as they were before the first applyLook()
void applyLook(bool dark);  // pins style, palette and font of the application
// Needs a QApplication. Throws db::Error.
void takePicture(const PictureRequest& request);

}  // namespace ditscope::gui
