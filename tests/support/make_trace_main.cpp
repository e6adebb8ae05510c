// SPDX-License-Identifier: Apache-2.0
// ditscope-make-trace: a synthetic trace from the command line.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "db/enum_names.h"
#include "db/error.h"
#include "tests/support/make_trace.h"

int main(int argc, char** argv) {
  ditscope::tests::SyntheticTraceOptions options;
  std::string out;
  std::string record = "mass";
  std::vector<int32_t> grid;
  bool million = false;
  CLI::App app(
      "Writes a synthetic trace, for example: ditscope-make-trace run.db --steps 8 --kernels 1000000");
  app.add_option("out", out, "Trace to write; replaced when it exists")->required();
  app.add_option("--steps", options.steps)->capture_default_str();
  app.add_option("--layers", options.layers)->capture_default_str();
  app.add_option("--heads", options.heads)->capture_default_str();
  app.add_option("--branches", options.branches, "1 or 2 (guidance)")
      ->check(CLI::Range(1, 2))
      ->capture_default_str();
  app.add_option("--grid", grid, "frames,rows,cols of tokens")->delimiter(',')->expected(3);
  app.add_option("--block", options.blockSize, "tokens a block")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--density", options.density)->check(CLI::Range(0.0, 1.0))->capture_default_str();
  app.add_option("--dense-steps", options.denseSteps, "at the start")->capture_default_str();
  app.add_option("--search-every", options.searchEvery)->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--record", record)->check(CLI::IsMember({"stats", "mass", "full"}))->capture_default_str();
  app.add_option("--kernels", options.kernels, "at least so many kernel rows");
  app.add_option("--slowdown", options.slowdown, "of the attention kernels")->capture_default_str();
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_flag("--million", million,
               "72,000 heads (50 steps, 30 layers, 24 heads, 2 branches) and 1 M kernels");
  CLI11_PARSE(app, argc, argv);
  options.record = ditscope::db::fromName<ditscope::db::RecordLevel>(record).value();
  if (!grid.empty()) options.grid = {grid[0], grid[1], grid[2]};
  if (million) {
    options.steps = 50;
    options.layers = 30;
    options.heads = 24;
    options.kernels = 1'000'000;
    options.record = ditscope::db::RecordLevel::Stats;
  }
  try {
    ditscope::tests::makeSyntheticTrace(out, options);
  } catch (const ditscope::db::Error& error) {
    fmt::print(stderr, "ditscope-make-trace: {}\n", error.what());
    return error.exitCode();
  }
  return 0;
}
