// SPDX-License-Identifier: Apache-2.0
#include "analyzer/history/history_cli.h"

#include <CLI/CLI.hpp>

#include "analyzer/history/history_commands.h"

namespace ditscope::analyzer {
namespace {

constexpr const char* kHistoryFooter = R"(
A history is one file. `add` puts the median of every kernel of a run into it; `list` and `plot` show where a
kernel changed for good (from about ten runs on; before that `compare` says more). A change stays open until it
is accepted (the new normal, the search begins anew behind it) or rejected (it is none).

Examples:
  ditscope history add kernels.hist bench.db --branch main
  ditscope history list kernels.hist --check
  ditscope history plot kernels.hist --kernel attention --svg attention.svg
  ditscope history accept kernels.hist --series 3 --run 41 --note "new softmax, slower but exact"
  ditscope history baseline kernels.hist release --branch main --last 3
  ditscope compare $(ditscope history baseline kernels.hist release --files) -- new.db
  ditscope history export kernels.hist --out kernels.csv --config otava.yaml && otava analyze kernels

Exit codes: 0 done, 1 with --check when a kernel got slower, 3 bad input, 4 a failure of ours.)";

CLI::App* addCommand(CLI::App& history, HistoryArguments& a, const char* name, const char* help) {
  CLI::App* command = history.add_subcommand(name, help);
  command->add_option("HISTORY", a.file, "the history, for example kernels.hist")->required()->type_name("");
  return command;
}

void addBranch(CLI::App& command, HistoryArguments& a, const char* help) {
  command.add_option("--branch", a.branch, help)->type_name("NAME");
}

void addChoice(CLI::App& command, HistoryArguments& a) {
  addBranch(command, a, "only runs of this branch");
  command.add_option("--kernel", a.kernels, "only series whose description holds this; may be given again")
      ->allow_extra_args(false)
      ->type_name("TEXT");
  command.add_option("--series", a.series, "only this one, by its number in list")->type_name("N");
}

void addMark(CLI::App& history, HistoryArguments& a, const char* name, const char* help) {
  CLI::App* mark = addCommand(history, a, name, help);
  mark->add_option("--series", a.series, "by its number in list")->required()->type_name("N");
  mark->add_option("--run", a.run, "with which the change begins, by its number in list")
      ->required()
      ->type_name("N");
  mark->add_option("--note", a.note, "why")->type_name("TEXT");
  mark->add_flag("--remove", a.remove, "takes the mark away again");
}

void addBaseline(CLI::App& history, HistoryArguments& a) {
  CLI::App* baseline = addCommand(history, a, "baseline", "name runs that new ones are compared with");
  baseline->add_option("NAME", a.name, "of the baseline (default: list all)")->type_name("");
  addBranch(*baseline, a, "the baseline of this branch (default: of none)");
  auto* last =
      baseline->add_option("--last", a.last, "set it to the last N runs of the branch")->type_name("N");
  last->check(CLI::Range(1, 1000));
  auto* commit = baseline->add_option("--commit", a.commit, "set it to the runs of this commit");
  commit->type_name("COMMIT")->excludes(last);
  baseline->add_flag("--remove", a.remove, "forget it")->excludes(last)->excludes(commit);
  baseline->add_flag("--files", a.files, "only the files of its traces, one a line");
}

}  // namespace

void addHistoryCommands(CLI::App& app, HistoryArguments& a) {
  CLI::App* history = app.add_subcommand("history", "kernel times over many runs: when did one change");
  history->require_subcommand(1);
  history->footer(kHistoryFooter);

  CLI::App* add =
      addCommand(*history, a, "add", "put runs into a history, which is made when it is not there");
  add->add_option("TRACES", a.traces, "traces with kernel times")->required()->type_name("");
  addBranch(*add, a, "of the code (default: what the trace says)");
  add->add_option("--commit", a.commit, "of the code (default: what the trace says)")->type_name("COMMIT");
  add->add_option("--kernel", a.kernels, "only kernels whose name holds this; may be given again")
      ->allow_extra_args(false)
      ->type_name("TEXT");

  CLI::App* list = addCommand(*history, a, "list", "series, their levels and where they changed");
  addChoice(*list, a);
  list->add_flag("--all", a.all, "also the series that did not change");
  list->add_flag("--json", a.json, "one JSON object with every point");
  list->add_flag("--ascii", a.ascii, "no block characters");
  list->add_flag("--check", a.check, "exit code 1 when a series has an open change to slower");

  CLI::App* plot = addCommand(*history, a, "plot", "charts of series, in the terminal or as a picture");
  addChoice(*plot, a);
  plot->add_option("--svg", a.svg, "write a picture instead")->type_name("FILE");
  plot->add_option("--most", a.most, "charts (default: 8)")->check(CLI::Range(1, 1000))->type_name("N");
  plot->add_flag("--ascii", a.ascii, "no block characters");

  addBaseline(*history, a);
  addMark(*history, a, "accept", "a change is the new normal");
  addMark(*history, a, "reject", "a change is none");

  CLI::App* write = addCommand(*history, a, "export", "CSV as Apache Otava reads it");
  addChoice(*write, a);
  write->add_option("--out", a.out, "CSV file")->required()->type_name("FILE");
  write->add_option("--config", a.config, "also the configuration with which Otava reads it")
      ->type_name("FILE");
}

std::optional<CommandResult> runHistoryCommand(const CLI::App& app, const HistoryArguments& a) {
  if (!app.got_subcommand("history")) return std::nullopt;
  const CLI::App* history = app.get_subcommand("history");
  const auto got = [&](const char* name) { return history->got_subcommand(name); };
  if (got("add")) return addToHistory(a);
  if (got("list")) return listHistory(a);
  if (got("plot")) return plotHistory(a);
  if (got("baseline")) return baselineOfHistory(a);
  if (got("export")) return exportHistory(a);
  return markHistory(a, got("accept"));
}

}  // namespace ditscope::analyzer
