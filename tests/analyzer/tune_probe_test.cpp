// SPDX-License-Identifier: Apache-2.0
// `ditscope tune --probe` as a program: methods become runs of a ditscope-collect, kept for the next time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/analyzer/run_program.h"
#include "tests/support/make_trace.h"

namespace ditscope::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// The text of the method of a made-up sparse trace.
constexpr const char* kMethod = "topk:density=0.5";

class TuneProbe : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(m_installed);
    fs::copy_file(fs::path(DITSCOPE_BIN_DIR) / "ditscope", m_installed / "ditscope");
    make("dense.db", 1.0, 6, 6);
    make("whole.db", 0.5, 6, 1);
    make("cut.db", 0.5, 4, 1);
  }
  void make(const char* name, double density, int32_t steps, int32_t dense) const {
    SyntheticTraceOptions options;
    options.steps = steps;
    options.layers = 2;
    options.heads = 2;
    options.grid = {4, 8, 16};
    options.density = density;
    options.denseSteps = dense;
    options.searchEvery = 100;
    options.model = "demo-video";
    options.label = 3;
    makeSyntheticTrace(m_folder.path() / name, options);
  }
  // Stands in for the recorder: notes what it was asked for, and makes its last argument a copy of `trace`.
  void installCollect(const std::string& trace) const {
    const fs::path script = m_installed / "ditscope-collect";
    writeText(script, "#!/bin/sh\necho \"$*\" >> asked\nfor out; do :; done\ncp " + trace + " \"$out\"\n");
    fs::permissions(script, fs::perms::owner_all);
  }
  ProgramResult tune(const std::vector<std::string>& probes) const {
    std::vector<std::string> arguments{"tune",  "dense.db",    "--recall", "0.6",
                                       "--out", "config.json", "--probe"};
    arguments.insert(arguments.end(), probes.begin(), probes.end());
    return runProgram(m_installed / "ditscope", arguments, m_folder.path(), {"PATH=/usr/bin:/bin"});
  }
  [[nodiscard]] fs::path kept(const std::string& method) const {
    return m_folder.path() / "config.json.probes" / (method + ".db");
  }

  SpacedFolder m_folder;
  fs::path m_installed = m_folder.path() / "installed";
};

TEST_F(TuneProbe, AMethodIsRunOnceAndThenTakenFromItsFolder) {
  installCollect("whole.db");
  const ProgramResult first = tune({kMethod});
  EXPECT_EQ(first.exitCode, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("probe 1 of 1: topk:density=0.5\n"));
  const std::string asked = readText(m_folder.path() / "asked");
  EXPECT_THAT(asked, HasSubstr("--method topk:density=0.5 --block 64 --record mass --steps 6"));
  EXPECT_THAT(asked, HasSubstr("--every-step 1 --overwrite --out"));
  EXPECT_TRUE(fs::exists(kept("topk_density=0.5")));

  const ProgramResult second = tune({kMethod});
  EXPECT_EQ(second.exitCode, 0) << second.err;
  EXPECT_THAT(second.err, HasSubstr("topk:density=0.5, recorded before\n"));
  EXPECT_EQ(readText(m_folder.path() / "asked"), asked) << "it was not run again";
}

TEST_F(TuneProbe, WhatWasStoppedGoesOnWhereItWas) {
  installCollect("whole.db");
  EXPECT_EQ(tune({kMethod}).exitCode, 0);
  installCollect("cut.db");  // as Ctrl-C leaves it: a good file of fewer steps
  fs::copy_file(kept("topk_density=0.5"), m_folder.path() / "finished.db");
  const ProgramResult stopped = tune({kMethod, "topk:density=0.25"});
  EXPECT_EQ(stopped.exitCode, 4);
  EXPECT_THAT(stopped.err,
              HasSubstr("ditscope: tuning : it was stopped while it recorded topk:density=0.25 : run "
                        "it again: finished probes are in"));
  EXPECT_TRUE(fs::exists(kept("topk_density=0.5")));
  EXPECT_FALSE(fs::exists(kept("topk_density=0.25"))) << "half a run is no probe";
}

TEST_F(TuneProbe, ARunOfAnotherSampleIsMadeAnew) {
  installCollect("whole.db");
  EXPECT_EQ(tune({kMethod}).exitCode, 0);
  const fs::path probe = kept("topk_density=0.5");
  fs::copy_file(m_folder.path() / "cut.db", probe, fs::copy_options::overwrite_existing);
  EXPECT_EQ(tune({kMethod}).exitCode, 0);
  EXPECT_EQ(readText(probe), readText(m_folder.path() / "whole.db"));
}

TEST_F(TuneProbe, TracesAreTakenAsTheyAre) {
  const ProgramResult given = tune({"whole.db"});
  EXPECT_EQ(given.exitCode, 0) << given.err;
  EXPECT_FALSE(fs::exists(m_folder.path() / "config.json.probes"));
  const ProgramResult missing = tune({"nowhere.db"});
  EXPECT_EQ(missing.exitCode, 3);
  EXPECT_THAT(missing.err, HasSubstr("nowhere.db"));
  const ProgramResult without = tune({kMethod});  // no recorder
  EXPECT_EQ(without.exitCode, 3);
  EXPECT_THAT(without.err,
              HasSubstr("ditscope: tuning : ditscope-collect is neither beside ditscope nor on PATH"));
}

}  // namespace
}  // namespace ditscope::tests
