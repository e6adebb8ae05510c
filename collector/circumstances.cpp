// SPDX-License-Identifier: Apache-2.0
#include "collector/circumstances.h"

#include <fmt/core.h>
#include <sched.h>
#include <sys/utsname.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <thread>

namespace ditscope::collector {
namespace {

namespace fs = std::filesystem;

std::string firstLine(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// "governor performance, boost on", or "not visible" inside most virtual machines.
std::string clockPolicy(const fs::path& root) {
  const fs::path cpu = root / "sys/devices/system/cpu";
  const std::string governor = firstLine(cpu / "cpu0/cpufreq/scaling_governor");
  const std::string boost = firstLine(cpu / "cpufreq/boost"),
                    noTurbo = firstLine(cpu / "intel_pstate/no_turbo");
  std::string text = governor.empty() ? "" : "governor " + governor;
  if (!boost.empty() || !noTurbo.empty())
    text +=
        fmt::format("{}boost {}", text.empty() ? "" : ", ", boost == "0" || noTurbo == "1" ? "off" : "on");
  return text.empty() ? "not visible" : text;
}

std::string affinity() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return "";
  return fmt::format("{} of {}", CPU_COUNT(&set), std::thread::hardware_concurrency());
}

std::string operatingSystem() {
  utsname name = {};
  return uname(&name) == 0 ? fmt::format("{} {} {}", name.sysname, name.release, name.machine) : "";
}

std::string outputOf(const char* command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command, "r"), pclose);
  std::array<char, 256> line = {};
  if (pipe == nullptr || fgets(line.data(), int(line.size()), pipe.get()) == nullptr) return "";
  std::string text = line.data();
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

std::vector<db::Circumstance> circumstances(const fs::path& root) {
  std::vector<db::Circumstance> facts;
  const auto add = [&](const char* name, std::string value) {
    if (!value.empty()) facts.push_back({name, std::move(value)});
  };
  add("clock_policy", clockPolicy(root));
#ifdef __VERSION__
  add("compiler", __VERSION__);
#endif
  add("os", operatingSystem());
  add("affinity", affinity());
  if (const double load = loadAverage(root); !std::isnan(load))
    add("load_start", fmt::format("{:.2f}", load));
  add("git_branch", outputOf("git rev-parse --abbrev-ref HEAD 2>/dev/null"));
  if (!outputOf("git rev-parse HEAD 2>/dev/null").empty())
    add("git_state",
        outputOf("git status --porcelain --untracked-files=no 2>/dev/null").empty() ? "clean" : "changed");
  return facts;
}

double loadAverage(const fs::path& root) {
  std::istringstream line(firstLine(root / "proc/loadavg"));
  double load = 0;
  return line >> load ? load : std::numeric_limits<double>::quiet_NaN();
}

StolenTime stolenTime(const fs::path& root) {
  std::istringstream line(
      firstLine(root / "proc/stat"));  // cpu user nice system idle iowait irq softirq steal
  std::string name;
  line >> name;
  StolenTime time;
  double ticks = 0;
  for (int field = 0; field < 8 && line >> ticks; ++field) {
    time.all += ticks;
    if (field == 7) time.stolen = ticks;
  }
  return time;
}

}  // namespace ditscope::collector
