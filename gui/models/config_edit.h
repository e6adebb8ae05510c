// SPDX-License-Identifier: GPL-3.0-or-later
// Edits of a sparsity configuration as values: a new configuration from an old one. Nothing here keeps state.
#pragma once

#include <QString>
#include <optional>
#include <vector>

#include "db/config.h"

namespace ditscope::gui {

struct ConfigEdit {
  std::vector<std::pair<int, int>> heads;    // (layer, head)
  std::optional<db::IndexRange> steps = {};  // empty: all
  std::optional<db::Branch> branch = {};     // empty: both
  db::MethodChoice choice;
};
// The heads get the choice. Heads are grouped so that as few overrides as possible are added, and overrides
// that the new ones replace exactly are taken away.
[[nodiscard]] db::SparsityConfig edited(db::SparsityConfig config, const ConfigEdit& edit);

// "topk:density=0.25" as choices are written everywhere; throws db::Error.
[[nodiscard]] db::MethodChoice choiceFrom(const QString& words);
[[nodiscard]] QString choiceWords(const db::MethodChoice& choice);
[[nodiscard]] QString cellsWords(const db::CellSelector& cells);  // "steps 4-19, layer 2, heads 0-3"

}  // namespace ditscope::gui
