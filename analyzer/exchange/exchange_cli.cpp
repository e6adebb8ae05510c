// SPDX-License-Identifier: Apache-2.0
#include "analyzer/exchange/exchange_cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "analyzer/exchange/config_diff.h"
#include "analyzer/exchange/exchange_file.h"
#include "analyzer/exchange/like.h"
#include "analyzer/export/trace_export.h"
#include "analyzer/format.h"
#include "analyzer/import/import_cli.h"
#include "analyzer/interrupt.h"
#include "analyzer/machine_text.h"
#include "analyzer/terminal.h"
#include "db/config_file.h"
#include "db/error.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {
namespace {

std::string traceFormatList() {
  std::string text = "Formats of a trace:\n";
  for (const TraceExport& format : traceExports())
    text += fmt::format("  {:<16}{} ({})\n", format.name, format.help, format.extension);
  return text;
}

std::string formatList() {
  std::string text = "Formats of settings:\n";
  for (const ExchangeFormat& format : exchangeFormats())
    text += fmt::format("  {:<16}{} ({})\n", format.name, format.help, format.extension);
  return text;
}

void addOptions(CLI::App& command, ExchangeArguments& a) {
  command.add_option("--prefix", a.options.module, "module path of a layer's attention, {} for its number")
      ->type_name("PATH");
  command.add_option("--tile", a.options.tile, "tokens of a tile of sliding tile attention, such as 6x8x8")
      ->type_name("FxRxC");
  command.add_option("--target", a.options.target, "share of blocks to skip, for a calibrated curve")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("SHARE");
  command.add_flag("--strict", a.strict, "exit code 1 when something was lost");
  command.add_flag("--json", a.json, "one JSON object");
}

// Losses go to stderr as sentences, or into the object on stdout.
CommandResult finish(const ExchangeArguments& a, const char* schema, std::string_view format,
                     const LossReport& losses) {
  CommandResult result{.text = {}, .exitCode = a.strict && !losses.empty() ? 1 : 0};
  if (a.json) {
    result.text = jsonText(
        {{"schema", schema}, {"file", a.file}, {"format", format}, {"out", a.out}, {"losses", losses}});
    return result;
  }
  result.text =
      fmt::format("{}: written, {} lost\n", a.out, losses.empty() ? "nothing" : "not all kept, see what is");
  for (const std::string& loss : losses) fmt::print(stderr, "lost: {}\n", plainText(loss));
  return result;
}

CommandResult runTraceExport(const ExchangeArguments& a, const TraceExport& format) {
  if (!isTraceFile(a.file))
    throw db::Error(db::Error::Kind::BadInput, fmt::format("cannot export {} to {}", a.file, format.name),
                    "it is no trace, and the format shows a recorded run",
                    "give a trace, or one of the formats of settings; ditscope export --help lists them");
  const StopOnInterrupt stop;
  try {
    ProgressLine progress(fmt::format("writing {}, kernels", a.out));
    format.write(db::TraceReader(a.file), a.out, [&](int64_t done, int64_t total) {
      progress.update(done, total);
      return !stop.stopped();
    });
  } catch (const db::Cancelled&) {
    throw db::Error(db::Error::Kind::Failure, "export of " + a.file, "it was stopped", "nothing was written");
  }
  // A view of the run is no exchange: what it leaves out is no loss that anyone would have to read about.
  if (!a.json) return {.text = fmt::format("{}: written\n", a.out)};
  return {.text = jsonText(
              {{"schema", "ditscope.export/1"}, {"file", a.file}, {"format", format.name}, {"out", a.out}})};
}

const ExchangeFormat& settingsFormat(const std::string& name) {
  const auto isNamed = [&](const ExchangeFormat& format) { return format.name == name; };
  if (std::ranges::any_of(exchangeFormats(), isNamed)) return exchangeFormat(name);
  std::string names;
  for (const TraceExport& format : traceExports()) names += fmt::format("{}, ", format.name);
  for (const ExchangeFormat& format : exchangeFormats()) names += fmt::format("{}, ", format.name);
  throw db::Error(db::Error::Kind::BadInput, "format " + name, "there is no such format",
                  "use one of " + names.substr(0, names.size() - 2));
}

CommandResult runExport(const ExchangeArguments& a) {
  if (const TraceExport* const target = findTraceExport(a.format)) return runTraceExport(a, *target);
  const ExchangeFormat& format = settingsFormat(a.format);
  ExchangeOptions options = a.options;
  if (!a.like.empty()) options.times = stepTimes(a.like);
  LossReport losses;
  if (!isTraceFile(a.file)) {
    format.write(db::readConfig(a.file), options, a.out, losses);
    return finish(a, "ditscope.export/1", format.name, losses);
  }
  if (format.writeTrace == nullptr)
    throw db::Error(db::Error::Kind::BadInput, fmt::format("cannot export {} to {}", a.file, format.name),
                    "it is a trace, and the format holds settings",
                    "give a configuration, or make one with ditscope tune");
  format.writeTrace(db::TraceReader(a.file), options, a.out, losses);
  return finish(a, "ditscope.export/1", format.name, losses);
}

std::optional<CaptureFormat> captureFormat(const ExchangeArguments& a) {
  if (a.format == "nsys") return CaptureFormat::Nsys;
  if (a.format == "kineto") return CaptureFormat::Kineto;
  return a.format.empty() ? recogniseCapture(a.file) : std::nullopt;
}

CommandResult runImport(const ExchangeArguments& a) {
  if (a.printRules) return {.text = std::string(defaultRulesText())};
  for (const auto& [given, name] : {std::pair(!a.file.empty(), "FILE"), {!a.out.empty(), "--out"}})
    if (!given)
      throw db::Error(db::Error::Kind::BadInput, "command line", fmt::format("{} is required", name),
                      "see ditscope import --help");
  if (const auto capture = captureFormat(a))
    return importCaptureCommand({.file = a.file, .out = a.out, .rules = a.rules, .json = a.json}, *capture);
  const std::string bytes = readExchangeFile(a.file);
  std::optional<db::SparsityConfig> like;
  ExchangeInput input{.bytes = bytes, .name = a.file, .like = nullptr, .options = a.options};
  const ExchangeFormat& format = a.format.empty() ? recogniseFormat(input) : exchangeFormat(a.format);
  if (!a.like.empty()) {
    like = configLike(a.like);
    input.like = &*like;
  } else if (format.needsLike) {
    throw db::Error(db::Error::Kind::BadInput, fmt::format("cannot import {}", a.file),
                    fmt::format("a {} file does not name the model, its steps and blocks", format.name),
                    "give --like with a recorded run or a configuration of the model");
  }
  LossReport losses;
  db::writeConfig(a.out, format.read(input, losses));
  return finish(a, "ditscope.import/1", format.name, losses);
}

CommandResult runDiff(const ExchangeArguments& a) {
  const ConfigDiff diff = diffConfigs(db::readConfig(a.file), db::readConfig(a.second));
  return {.text = a.json ? diffJson(a.file, a.second, diff) : diffText(diff),
          .exitCode = diff.same() ? 0 : 1};
}

}  // namespace

void addExchangeCommands(CLI::App& app, ExchangeArguments& a) {
  auto* write = app.add_subcommand("export", "write a recorded run or a configuration for other tools");
  write->add_option("FILE", a.file, "a trace, or a sparsity configuration")->required()->type_name("");
  write->add_option("--to", a.format, "format, see below")->required()->type_name("FORMAT");
  write->add_option("--out", a.out, "file to write, a folder for csv-tables")->required()->type_name("PATH");
  addOptions(*write, a);
  write->add_option("--step", a.options.step, "only this step, of a trace")->type_name("STEP");
  write->add_option("--like", a.like, "recorded run that has the times of the steps")->type_name("RUN");
  write->footer(
      traceFormatList() + "\n" + formatList() +
      "\nOf these csv and block-mask take a trace too. What a format cannot hold is named on stderr.\n\n"
      "Examples:\n"
      "  ditscope export run.db --to perfetto --out run.pftrace\n"
      "  ditscope export run.db --to html --out report.html\n"
      "  ditscope export config.json --to sparge --out tuned.pt");

  auto* read = app.add_subcommand(
      "import",
      "make a trace from the capture of a profiler, or a configuration from another tool's settings");
  read->add_option("FILE", a.file, "file in one of the formats below")->type_name("");
  read->add_option("--out", a.out, "file to write")->type_name("PATH");
  read->add_option("--from", a.format, "format (default: what it looks like)")->type_name("FORMAT");
  read->add_option("--rules", a.rules, "names by which steps, layers and attention of a capture are found")
      ->type_name("FILE");
  read->add_flag("--print-rules", a.printRules, "write the built-in rules, to begin a file of rules with");
  read->add_option("--like", a.like,
                   "run or configuration with the model, steps and blocks that the file lacks")
      ->type_name("FILE");
  addOptions(*read, a);
  read->footer(
      "Captures, which become a trace:\n"
      "  nsys            Nsight Systems' SQLite export (.sqlite)\n"
      "  kineto          PyTorch profiler (.json, .json.gz)\n"
      "Environment variables and command lines in them are not read.\n\n" +
      formatList() +
      "\nExamples:\n  ditscope import profile.sqlite --out run.db\n"
      "  ditscope import trace.json.gz --rules my_rules.json --out run.db\n"
      "  ditscope import best_pattern.json --like run.db --out config.json");

  auto* diff = app.add_subcommand("diff", "what differs between two configurations");
  diff->add_option("BEFORE", a.file, "sparsity configuration")->required()->type_name("");
  diff->add_option("AFTER", a.second, "sparsity configuration")->required()->type_name("");
  diff->add_flag("--json", a.json, "one JSON object");
  diff->footer(
      "Exit codes: 0 no difference, 1 a difference, 3 bad input.\n\nExample:\n"
      "  ditscope diff before.json after.json");
}

std::optional<CommandResult> runExchangeCommand(const CLI::App& app, const ExchangeArguments& arguments) {
  if (app.got_subcommand("export")) return runExport(arguments);
  if (app.got_subcommand("import")) return runImport(arguments);
  if (app.got_subcommand("diff")) return runDiff(arguments);
  return {};
}

}  // namespace ditscope::analyzer
