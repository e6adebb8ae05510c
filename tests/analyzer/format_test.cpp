// SPDX-License-Identifier: Apache-2.0
#include "analyzer/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "analyzer/machine_text.h"
#include "analyzer/text_table.h"

namespace ditscope::analyzer {
namespace {

constexpr TextStyle kPlain{.colour = false, .unicode = false};
constexpr TextStyle kUnicode{.colour = false, .unicode = true};

TEST(Format, CountsHaveSeparators) {
  EXPECT_EQ(formatCount(0), "0");
  EXPECT_EQ(formatCount(999), "999");
  EXPECT_EQ(formatCount(1234567), "1,234,567");
  EXPECT_EQ(formatCount(-123456), "-123,456");
  EXPECT_EQ(formatCount(std::numeric_limits<int64_t>::min()), "-9,223,372,036,854,775,808");
  EXPECT_EQ(plural(1, "step"), "1 step");
  EXPECT_EQ(plural(2000, "step"), "2,000 steps");
  EXPECT_EQ(plural(2, "kernel launch", "kernel launches"), "2 kernel launches");
}

TEST(Format, DurationsChangeUnitWithoutRoundingPastIt) {
  EXPECT_EQ(formatDuration(0), "0 ns");
  EXPECT_EQ(formatDuration(999.4), "999 ns");
  EXPECT_EQ(formatDuration(999.6), "1.00 us");
  EXPECT_EQ(formatDuration(1'240'000), "1.24 ms");
  EXPECT_EQ(formatDuration(12'350'000), "12.3 ms");
  EXPECT_EQ(formatDuration(999.7e6), "1.00 s");
  EXPECT_EQ(formatDuration(245e9), "4 min 05 s");
  EXPECT_EQ(formatDuration(3599.7e9), "1 h 00 min");
  EXPECT_EQ(formatDuration(90000e9), "25 h 00 min");
  EXPECT_EQ(formatDuration(-1500), "-1.50 us");
  EXPECT_EQ(formatDuration(std::nan("")), "-");
  EXPECT_EQ(formatDuration(std::numeric_limits<double>::infinity()), "inf s");
}

TEST(Format, BytesPercentagesAndDates) {
  EXPECT_EQ(formatBytes(999), "999 B");
  EXPECT_EQ(formatBytes(1000), "1.00 kB");
  EXPECT_EQ(formatBytes(8'000'000'000), "8.00 GB");
  EXPECT_EQ(formatBytes(std::numeric_limits<int64_t>::max()), "9223 PB");
  EXPECT_EQ(formatPercent(0.12345), "12.3 %");
  EXPECT_EQ(formatPercent(0.99987, 2), "99.99 %");
  EXPECT_EQ(formatPercent(std::nan("")), "-");
  EXPECT_EQ(formatUtc(1'772'368'200'000'000'000), "2026-03-01 12:30:00 UTC");
  EXPECT_EQ(formatUtc(-1), "1969-12-31 23:59:59 UTC");
}

TEST(PlainText, LetsNoControlCharacterThrough) {
  EXPECT_EQ(plainText("blocks.3 – größer"), "blocks.3 – größer");
  EXPECT_EQ(plainText("a\x1b[31mb\tc\nd\x7f"), "a?[31mb?c?d?");
  EXPECT_EQ(plainText("\xc2\x9b"
                      "31m\xc2\xa0"),
            "??31m\xc2\xa0");
}

TEST(Csv, CannotBeTakenForAFormula) {
  EXPECT_EQ(csvText("blocks.3"), "blocks.3");
  EXPECT_EQ(csvText("=1+1"), "'=1+1");
  EXPECT_EQ(csvText("+1"), "'+1");
  EXPECT_EQ(csvText("-1"), "'-1");
  EXPECT_EQ(csvText("@SUM(A1)"), "'@SUM(A1)");
  EXPECT_EQ(csvText("\t=1"), "'\t=1");
  EXPECT_EQ(csvText("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
  EXPECT_EQ(csvText("=\"x\",y"), "\"'=\"\"x\"\",y\"");
  EXPECT_EQ(csvNumber(-0.25), "-0.25");
  EXPECT_EQ(csvNumber(double{0.1F}), "0.1");
  EXPECT_EQ(csvNumber(std::nan("")), "");
  EXPECT_EQ(csvNumber(std::numeric_limits<double>::infinity()), "");
  const std::vector<std::string> cells{"a", "", "1"};
  EXPECT_EQ(csvLine(cells), "a,,1\n");
}

TEST(Json, HasNullForWhatIsNotMeasuredAndSurvivesBrokenText) {
  EXPECT_TRUE(jsonNumber(std::nan("")).is_null());
  EXPECT_EQ(jsonNumber(double{0.1F}).dump(), "0.1");
  EXPECT_EQ(jsonNumber(3).dump(), "3");
  EXPECT_EQ(jsonNumber(1e20).get<double>(), 1e20);
  EXPECT_EQ(jsonText({{"name", "a\xff"}}), "{\n  \"name\": \"a\xef\xbf\xbd\"\n}\n");
}

TEST(TextTable, AlignsByCharactersNotBytes) {
  TextTable table("  ");
  table.addColumn("name", Align::Left);
  table.addColumn("value");
  table.addRow({"größer", "1"});
  table.addRow({"a", "12345678"});
  EXPECT_EQ(table.render(kPlain),
            "  name       value\n"
            "  größer         1\n"
            "  a       12345678\n");
}

TEST(HeatStrip, ShowsLevelsGapsAndNothingWithoutUnicode) {
  const std::vector<double> values{0, 0.5, 1, std::nan(""), 7};
  EXPECT_EQ(heatStrip(values, {0, 1}, kUnicode), "▁▅█·█");
  EXPECT_EQ(heatStrip(values, {0, 1}, kPlain), "");
  EXPECT_EQ(heatStrip({}, {0, 1}, kUnicode), "");
}

TEST(HeatStrip, AveragesWhatDoesNotFit) {
  std::vector<double> values(2 * kStripWidth, 0);
  values[0] = values[1] = 1;
  const std::string strip = heatStrip(values, {0, 1}, kUnicode);
  EXPECT_EQ(displayWidth(strip), kStripWidth);
  EXPECT_TRUE(strip.starts_with("█▁"));
}

TEST(Emphasis, IsForColourTerminalsOnly) {
  EXPECT_EQ(emphasise("x", Emphasis::Bad, kUnicode), "x");
  EXPECT_EQ(emphasise("x", Emphasis::Heading, {.colour = true, .unicode = true}), "\x1b[1mx\x1b[0m");
}

}  // namespace
}  // namespace ditscope::analyzer
