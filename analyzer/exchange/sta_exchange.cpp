// SPDX-License-Identifier: Apache-2.0
// The mask strategy of FastVideo for Sliding Tile Attention (arXiv 2502.04507): a JSON object with a window
// in tiles for each "step_layer_head"; a full window has as many tiles as the video along each axis. How
// large a tile is stands in none of the two files: it comes from --tile, from the method's parameter tile, or
// is the authors' 6x8x8.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "analyzer/exchange/choice_text.h"
#include "analyzer/exchange/exchange_file.h"
#include "analyzer/exchange/head_choices.h"
#include "db/text.h"

namespace ditscope::analyzer {
namespace {

constexpr const char* kAuthorsTile = "6x8x8";
constexpr double kDefaultDenseSteps = 0.24;  // of the method

Triple fullWindow(const db::TokenGrid& grid, const std::string& tileText) {
  const Triple tile = parseTriple("tile " + tileText, tileText);
  const auto tiles = [](int64_t tokens, int64_t size) { return (tokens + size - 1) / size; };
  return {tiles(grid.frames, tile.frames), tiles(grid.rows, tile.rows), tiles(grid.cols, tile.cols)};
}

std::string tileOf(const db::SparsityConfig& config, const ExchangeOptions& options) {
  if (!options.tile.empty()) return options.tile;
  std::string tile = textParameter(config.defaults, "tile");
  for (const db::ConfigOverride& override : config.overrides)
    if (tile.empty() || tile == "auto") tile = textParameter(override.choice, "tile");
  return tile == "auto" ? std::string() : tile;
}

// The first steps, which the method runs dense by itself; below 1 a share of all.
bool isDenseStep(const db::MethodChoice& choice, int32_t step, int32_t steps) {
  const double count = numberParameter(choice, "dense_steps").value_or(kDefaultDenseSteps);
  return step < std::floor(count < 1 ? count * steps + 1e-9 : count);
}

// Empty for a head that attends everything.
std::optional<Triple> windowOf(const db::MethodChoice& choice, HeadLosses& losses) {
  if (choice.method == "dense") return {};
  if (choice.method != "sta") {
    losses.add(fmt::format("method {}, written as full attention", choice.method));
    return {};
  }
  const std::string window = textParameter(choice, "window");
  if (window.empty() || window == "auto") {
    losses.add("sta without a window, written as full attention");
    return {};
  }
  losses.addParameters(choice, {"window", "tile", "dense_steps"});
  return parseTriple("window " + window, window);
}

void writeSta(const db::SparsityConfig& config, const ExchangeOptions& options,
              const std::filesystem::path& path, LossReport& report) {
  const std::string tile = tileOf(config, options);
  const Triple full = fullWindow(config.model.grid, tile.empty() ? kAuthorsTile : tile);
  const HeadChoices choices(config, FormatAxes::StepsAndHeads, report);
  HeadLosses losses;
  bool usesFull = false;
  std::string text = "{";
  for (int32_t step = 0; step < config.steps; ++step) {
    for (int32_t layer = 0; layer < config.model.layers; ++layer) {
      for (int32_t head = 0; head < config.model.heads; ++head) {
        const db::MethodChoice& choice = choices.at(step, layer, head);
        std::optional<Triple> own;
        if (choice.method != "sta" || !isDenseStep(choice, step, config.steps))
          own = windowOf(choice, losses);
        usesFull = usesFull || !own;
        const Triple window = own.value_or(full);
        text += fmt::format("{}\"{}_{}_{}\": [{}, {}, {}]", text.size() > 1 ? ", " : "", step, layer, head,
                            window.frames, window.rows, window.cols);
      }
    }
  }
  losses.report(report, "heads of steps");
  if (usesFull && tile.empty())
    report.push_back(fmt::format("tile: not known, full attention is written as {} tiles of {}; give --tile",
                                 tripleText(full), kAuthorsTile));
  else if (!tile.empty())
    report.push_back(fmt::format("tile: {} tokens, which FastVideo has to be told", tile));
  writeExchangeFile(path, text + "}\n");
}

struct Place {
  int32_t step = 0, layer = 0, head = 0;
};

std::optional<Place> placeOf(std::string_view key) {  // "3_0_11"
  int32_t numbers[3] = {0, 0, 0};
  const char* at = key.data();
  const char* const end = at + key.size();
  for (int i = 0; i < 3; ++i) {
    const auto [next, error] = std::from_chars(at, end, numbers[i]);
    if (error != std::errc() || numbers[i] < 0) return {};
    if (i == 2 ? next != end : next == end || *next != '_') return {};
    at = next + (i < 2 ? 1 : 0);
  }
  return Place{numbers[0], numbers[1], numbers[2]};
}

std::optional<Triple> windowFrom(const nlohmann::json& value) {
  if (!value.is_array() || value.size() != 3) return {};
  for (const nlohmann::json& size : value)
    if (!size.is_number_integer() || size < 1 || size > 1'000'000) return {};
  return Triple{value[0], value[1], value[2]};
}

db::SparsityConfig readSta(const ExchangeInput& input, LossReport& report) {
  const nlohmann::json json = parseImport(input);
  if (!json.is_object() || json.empty())
    refuseImport(input, "it is no table of windows", R"(write "step_layer_head": [3, 3, 5])");
  const db::ConfigModel& model = input.like->model;
  const std::string& tile = input.options.tile;
  std::optional<Triple> full;
  if (!tile.empty()) full = fullWindow(model.grid, tile);
  ImportedChoices choices(*input.like);
  for (const auto& [key, value] : json.items()) {
    const std::optional<Place> place = placeOf(key);
    const std::optional<Triple> window = windowFrom(value);
    if (!place || !window)
      refuseImport(input, db::quotedText(key) + " is no window of a head",
                   R"(write "step_layer_head": [3, 3, 5])");
    if (place->step >= input.like->steps || place->layer >= model.layers || place->head >= model.heads)
      refuseImport(input,
                   fmt::format("{} is outside the {} steps, {} layers and {} heads of --like", key,
                               input.like->steps, model.layers, model.heads),
                   "give with --like what the table was searched for");
    if (full && *window == *full) continue;  // dense
    db::MethodChoice choice{.method = "sta",
                            .parameters = {{"window", tripleText(*window)}, {"dense_steps", 0.0}}};
    if (!tile.empty()) choice.parameters["tile"] = tile;
    choices.set(place->step, place->layer, place->head, choice);
  }
  const int64_t missing = input.like->cells() / 2 - int64_t(json.size());
  if (missing > 0) report.push_back(fmt::format("not in the file and dense: {} heads of steps", missing));
  if (tile.empty())
    report.push_back("tile: not in the file, full windows stay windows; give --tile to have them dense");
  return choices.config();
}

}  // namespace

ExchangeFormat staExchange() {
  return {.name = "sta",
          .help = "mask_strategy JSON of FastVideo's Sliding Tile Attention",
          .extension = ".json",
          .write = writeSta,
          .read = readSta};
}

}  // namespace ditscope::analyzer
