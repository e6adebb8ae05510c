// SPDX-License-Identifier: GPL-3.0-or-later
// What a worker thread hands over instead of throwing: one line for the message bar, and the exit code for a
// program without a window.
#pragma once

#include <exception>

#include <QString>

#include "db/error.h"
#include "gui/models/readout.h"

namespace ditscope::gui {

struct Failure {
  QString message;
  int exitCode = 4;
};

[[nodiscard]] inline Failure currentFailure() {  // inside a catch block
  try {
    throw;
  } catch (const db::Error& error) {
    return {text(error.what()), error.exitCode()};
  } catch (const std::bad_alloc&) {
    return {QStringLiteral("loading : out of memory : close other programs or record less"), 4};
  } catch (const std::exception& error) {
    return {text(error.what()), 4};
  }
}

}  // namespace ditscope::gui
