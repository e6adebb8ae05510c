// SPDX-License-Identifier: Apache-2.0
// The program `ditscope`: its command line, and errors as one line on stderr.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "analyzer/commands.h"
#include "analyzer/dispatch.h"
#include "analyzer/exchange/exchange_cli.h"
#include "analyzer/guard/guard_cli.h"
#include "analyzer/history/history_cli.h"
#include "analyzer/quantity.h"
#include "analyzer/tune/tune_cli.h"
#include "analyzer/verify/verify_command.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

constexpr int kBadInput = 3;
constexpr int kFailure = 4;

int fail(const std::string& message, int exitCode) {
  std::string line = message;
  std::ranges::replace(line, '\n', ' ');
  fmt::print(stderr, "ditscope: {}\n", line);
  return exitCode;
}

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw db::Error(db::Error::Kind::Failure, "standard output", std::strerror(errno),
                    "make room where it goes, or send it elsewhere");
}

std::string quantityList() {
  std::string text =
      "Each line is over all its calls, dense ones included: times are added, the rest averaged.\n\n"
      "Quantities (--sort KEY puts the worst first):\n";
  for (const QuantityInfo& q : quantities()) text += fmt::format("  {:<18}{}\n", q.key, q.help);
  return text;
}

// The options every command that reads a trace has.
void addCommon(CLI::App& command, CommonOptions& common, bool withCsv) {
  command.add_option("FILE", common.file, "trace file, for example run.db")->required()->type_name("");
  auto* json = command.add_flag_callback(
      "--json", [&] { common.format = OutputFormat::Json; }, "one JSON object");
  if (withCsv)
    command
        .add_flag_callback(
            "--csv", [&] { common.format = OutputFormat::Csv; }, "comma-separated values")
        ->excludes(json);
  command.add_flag("--ascii", common.ascii, "no block characters");
}

struct Options {
  CommonOptions common;
  HeadsOptions heads;
  DriftOptions drift;
  VerifyOptions verify;
  ExchangeArguments exchange;
  GuardArguments guard;
  HistoryArguments history;
  TuneArguments tune;
};

void addVerify(CLI::App& app, Options& options) {
  auto* verify = app.add_subcommand("verify", "what a configuration promised against a run with it");
  verify->add_option("CONFIG", options.common.file, "sparsity configuration, for example config.json")
      ->required()
      ->type_name("");
  verify
      ->add_option("RUN", options.verify.run,
                   "trace recorded with the configuration and --record mass (default: record it now)")
      ->type_name("");
  verify->add_option("--against", options.verify.dense, "dense trace of the same model, seed and label")
      ->required()
      ->type_name("FILE");
  verify->add_option("--out", options.verify.out, "keep the run that is recorded now in this trace")
      ->excludes("RUN")
      ->type_name("FILE");
  verify->add_option("--rounds", options.verify.rounds,
                     "also time a dense run and one with the configuration in turns, so often; the promise of a "
                     "speed-up is then judged by the median of their ratios")
      ->check(CLI::Range(0, 1000))
      ->type_name("N");
  verify->add_flag_callback(
      "--json", [&] { options.common.format = OutputFormat::Json; }, "one JSON object");
  verify->add_flag("--ascii", options.common.ascii, "no block characters");
  verify->footer(
      "Compares recall, error, density and time of every head with what the configuration expects.\n\n"
      "Examples:\n"
      "  ditscope verify config.json --against dense.db --out run.db\n"
      "  ditscope verify config.json --against dense.db run.db --json\n"
      "  ditscope verify config.json --against dense.db --rounds 5\n\n"
      "Exit codes: 0 the promise is kept, 1 it is missed, 3 bad input, 4 a failure of ours.");
}

void addCommands(CLI::App& app, Options& options) {
  for (const CompanionProgram& companion : companionPrograms())
    app.add_subcommand(std::string(companion.command), std::string(companion.summary));

  auto* info = app.add_subcommand("info", "what is in a trace, capture health first");
  addCommon(*info, options.common, false);
  info->footer("Example:\n  ditscope info run.db");

  auto* heads = app.add_subcommand("heads", "density, recall, drift, error and time by layer, head or step");
  addCommon(*heads, options.common, true);
  heads->add_option("--by", options.heads.by, "one line a layer, head or step (default: head)")
      ->check(CLI::IsMember({"layer", "head", "step"}))
      ->type_name("WHAT");
  heads->add_option("--sort", options.heads.sort, "worst first by this quantity")->type_name("KEY");
  heads->add_option("--top", options.heads.top, "only the first N lines")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  heads->add_option("--step", options.heads.step, "only this sampling step")->type_name("STEP");
  heads->add_option("--method", options.heads.method, "only the cells that this method planned")
      ->type_name("NAME");
  heads->add_option("--choice", options.heads.choice, "only the cells for which a method chose this")
      ->type_name("NAME");
  heads->footer(quantityList() +
                "\nExample: the ten heads that lose most of the softmax mass\n"
                "  ditscope heads run.db --sort recall --top 10");

  auto* drift = app.add_subcommand("drift", "how LSE and masks move over the sampling steps");
  addCommon(*drift, options.common, true);
  drift->add_option("--ref", options.drift.reference, "against this step instead of the one before")
      ->type_name("STEP");
  drift
      ->add_option("--reuse", options.drift.reuse,
                   "also for how many steps a mask keeps this recall; of a dense run with block masses")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("R");
  drift->add_option("--top", options.drift.top, "only the N heads that drift most")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  drift->footer("Example: can the mask of step 4 be used again?\n  ditscope drift run.db --ref 4");

  addVerify(app, options);
  addExchangeCommands(app, options.exchange);
  addTuneCommands(app, options.tune);
  addGuardCommands(app, options.guard);
  addHistoryCommands(app, options.history);
}

CommandResult execute(const CLI::App& app, const Options& options) {
  if (auto result = runExchangeCommand(app, options.exchange)) return *std::move(result);
  if (auto result = runTuneCommand(app, options.tune)) return *std::move(result);
  if (auto result = runGuardCommand(app, options.guard)) return *std::move(result);
  if (auto result = runHistoryCommand(app, options.history)) return *std::move(result);
  if (app.got_subcommand("info")) return {runInfo(options.common)};
  if (app.got_subcommand("heads")) return {runHeads(options.common, options.heads)};
  if (app.got_subcommand("verify")) return runVerify(options.common, options.verify);
  return {runDrift(options.common, options.drift)};
}

// CLI11 would only say that a command is missing.
void requireCommand(const CLI::App& app, int argc, char** argv) {
  const std::string first = argc >= 2 ? argv[1] : "";
  const auto isFirst = [&](const CLI::App* command) { return command->check_name(first); };
  if (first.starts_with('-') || !app.get_subcommands(isFirst).empty()) return;
  if (first.empty())
    throw db::Error(db::Error::Kind::BadInput, "command line", "no command is given", "see ditscope --help");
  throw db::Error(db::Error::Kind::BadInput, first, "there is no such command", "see ditscope --help");
}

int run(int argc, char** argv) {
  if (argc >= 2)
    for (const CompanionProgram& companion : companionPrograms())
      if (argv[1] == companion.command) becomeProgram(companion, argv + 2);

  CLI::App app("Profiling and trace analysis for sparse attention in Diffusion Transformers", "ditscope");
  app.set_version_flag("--version", "ditscope " DITSCOPE_VERSION);
  app.require_subcommand(1);
  app.footer("`ditscope COMMAND --help` says more.");
  Options options;
  addCommands(app, options);
  requireCommand(app, argc, argv);
  try {
    app.parse(reversedArguments(argc, argv));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    const auto chosen = app.get_subcommands();
    const std::string command = chosen.empty() ? "ditscope" : "ditscope " + chosen.front()->get_name();
    return fail(fmt::format("command line : {} : see {} --help", error.what(), command), kBadInput);
  }
  const CommandResult result = execute(app, options);
  print(result.text);
  return result.exitCode;
}

}  // namespace
}  // namespace ditscope::analyzer

int main(int argc, char** argv) {
  using namespace ditscope;
  try {
    return analyzer::run(argc, argv);
  } catch (const db::Error& error) {
    return analyzer::fail(error.what(), error.exitCode());
  } catch (const std::bad_alloc&) {
    return analyzer::fail("memory : there is not enough of it : close other programs or use a larger machine",
                          analyzer::kFailure);
  } catch (const std::exception& error) {
    return analyzer::fail(
        fmt::format("internal error : {} : please report it with the command and the file", error.what()),
        analyzer::kFailure);
  }
}
