// SPDX-License-Identifier: Apache-2.0
// The commands of ditscope-train-demo: video and image train a model and write it, evaluate judges one.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <functional>

namespace ditscope::collector::train {

enum class DemoModel : uint8_t { Video, Image };

// Each sets `command` when its subcommand is parsed; running it throws db::Error.
void addTrainCommand(CLI::App& program, DemoModel model, std::function<void()>& command);
void addEvaluateCommand(CLI::App& program, std::function<void()>& command);

}  // namespace ditscope::collector::train
