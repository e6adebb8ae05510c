// SPDX-License-Identifier: Apache-2.0
// `ditscope-collect forward`: one forward of a checkpoint on inputs from a file, for comparing any checkpoint
// with another implementation. Tensors of the input file: hidden_states, timestep, and encoder_hidden_states
// (Wan) or class_labels (DiT). Tensors of the output file: out, and tap.<block> with --taps.
#pragma once

namespace CLI {
class App;
}

namespace ditscope::collector {

// Adds the subcommand; the work is done when `program` parses it. Throws db::Error then.
void addForwardCommand(CLI::App& program);

}  // namespace ditscope::collector
