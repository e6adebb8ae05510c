// SPDX-License-Identifier: GPL-3.0-or-later
// What the window remembers, damaged: an empty state or a sound one, never anything else.
#include <cstdint>
#include <cstdlib>

#include "gui/models/session_state.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ditscope::gui;
  const SessionState state = parseState(QByteArray(reinterpret_cast<const char*>(data), qsizetype(size)));
  const Cell& cell = state.cell;
  if (state.shown < 0 || state.shown > 2 || cell.step < 0 || cell.layer < 0 || cell.head < 0) std::abort();
  if (!(parseState(stateText(state)) == state)) std::abort();
  return 0;
}
