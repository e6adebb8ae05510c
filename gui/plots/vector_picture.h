// SPDX-License-Identifier: GPL-3.0-or-later
// A widget with its plots drawn on a device whose lines and text stay what they are.
#pragma once

class QPaintDevice;
class QWidget;

namespace ditscope::gui {

void drawVectors(QWidget& widget, QPaintDevice& device);

}  // namespace ditscope::gui
