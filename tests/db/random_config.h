// SPDX-License-Identifier: Apache-2.0
// Sound sparsity configurations of random size, from a seed.
#pragma once

#include "db/config.h"
#include "tests/db/random_records.h"

namespace ditscope::tests {

inline db::IndexRange randomRange(Random& random, int32_t count) {
  const int32_t first = pick(random, 0, count - 1);
  return {first, pick(random, first, count - 1)};
}

inline db::CellSelector randomSelector(Random& random, const db::SparsityConfig& config) {
  db::CellSelector cells;
  if (fraction(random) < 0.6f) cells.steps = randomRange(random, config.steps);
  if (fraction(random) < 0.4f) cells.branch = db::Branch(pick(random, 0, 1));
  for (int i = pick(random, 0, 3); i > 0; --i)
    cells.layers.push_back(randomRange(random, config.model.layers));
  for (int i = pick(random, 0, 3); i > 0; --i) cells.heads.push_back(randomRange(random, config.model.heads));
  return cells;
}

inline db::MethodChoice randomChoice(Random& random) {
  static const std::vector<db::ParameterValue> kValues = {
      true, -0.0, 64.0, -3.0, 0.1, 1e300, 5e-324, 1e15, "mean", "", "größe\n\"", 9'007'199'254'740'993.0};
  db::MethodChoice choice;
  choice.method = "method" + std::to_string(pick(random, 0, 99));
  for (int i = pick(random, 0, 3); i > 0; --i)
    choice.parameters["key" + std::to_string(pick(random, 0, 9))] =
        kValues[size_t(pick(random, 0, int32_t(kValues.size()) - 1))];
  choice.parameters.erase("key0");
  if (fraction(random) < 0.5f) choice.expected.density = fraction(random);
  if (fraction(random) < 0.5f) choice.expected.recall = fraction(random);
  if (fraction(random) < 0.3f) choice.expected.error = 3 * fraction(random);
  if (fraction(random) < 0.3f) choice.expected.timeNs = pick(random, 0, 1'000'000'000);
  if (fraction(random) < 0.2f) choice.extensions["x-why"] = R"({"b":[1,2.5,null],"a":"no reason"})";
  return choice;
}

inline db::SparsityConfig randomConfig(Random& random) {
  db::SparsityConfig config;
  config.model.className = "WanTransformer3DModel";
  config.model.layers = pick(random, 1, 9);
  config.model.heads = pick(random, 1, 9);
  config.model.tokens = pick(random, 1, 100'000);
  config.model.grid = {pick(random, 1, 30), pick(random, 1, 100), pick(random, 1, 100)};
  if (fraction(random) < 0.5f) config.model.text = {0, pick(random, 0, int32_t(config.model.tokens))};
  config.scheduler = "UniPC";
  config.steps = pick(random, 1, 20);
  config.blockQ = pick(random, 1, 256);
  config.blockK = pick(random, 1, 256);
  if (fraction(random) < 0.5f) config.guidance = 7 * fraction(random);
  for (int i = pick(random, 0, 2); i > 0; --i) config.traces.push_back("uuid " + std::to_string(i));
  config.defaults = randomChoice(random);
  for (int i = pick(random, 0, 5); i > 0; --i)
    config.schedule.push_back({randomSelector(random, config), db::StepKind(pick(random, 0, 3))});
  for (int i = pick(random, 0, 12); i > 0; --i)
    config.overrides.push_back({randomSelector(random, config), randomChoice(random)});
  if (fraction(random) < 0.3f) config.extensions["x-made-by"] = "\"a test\"";
  return config;
}

}  // namespace ditscope::tests
