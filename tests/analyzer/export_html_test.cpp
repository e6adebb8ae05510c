// SPDX-License-Identifier: Apache-2.0
// The report: a page that stands alone, the same for the same trace, that no name in a trace can break.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/export/html_text.h"
#include "tests/analyzer/export_support.h"
#include "tests/analyzer/golden_trace.h"

namespace ditscope::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(HtmlText, NothingOfATraceIsMarkup) {
  EXPECT_EQ(analyzer::htmlText("a<b>&\"'\x1b\n\xc3\xa9"), "a&lt;b&gt;&amp;&quot;&#39;\xef\xbf\xbd \xc3\xa9");
  EXPECT_EQ(analyzer::htmlText("a\xe2\x80\xaez\xe2\x81\xa9\xe2\x80\xa6"),
            "a\xef\xbf\xbdz\xef\xbf\xbd\xe2\x80\xa6");
  EXPECT_EQ(analyzer::htmlName("</bdi>"), "<bdi>&lt;/bdi&gt;</bdi>");
}

class HtmlReport : public Exports {
 protected:
  std::string report(const char* trace) const {
    const ProgramResult result = run({"export", trace, "--to", "html", "--out", "report.html"});
    EXPECT_EQ(result.exitCode, 0) << result.err;
    return readText(at("report.html"));
  }
  // Tags are closed in order, and only those that the report uses stand there.
  void isWellFormed() const {
    const ProgramResult reader = python("read_html.py", {"report.html"});
    EXPECT_EQ(reader.exitCode, 0) << reader.err;
  }
};

TEST_F(HtmlReport, ShowsTheRecordedRun) {
  storedTrace("run.db");
  const std::string page = report("run.db");
  for (const char* text : {"Capture complete.", "Density by layer and head", "Recall by layer and head",
                           "LSE drift by layer and step", "Kernel times", "cpu_attention_f32_d32_b64",
                           "Settings", "topk:density=0.25,dense_steps=4", "layer 2 (blocks.2), head 1: "})
    EXPECT_THAT(page, HasSubstr(text));
  EXPECT_EQ(page, report("run.db")) << "the same trace gives the same bytes";
  isWellFormed();
}

TEST_F(HtmlReport, FetchesNothing) {
  storedTrace("run.db");
  const std::string page = report("run.db");
  for (const char* text : {"http://", "https://", "<script", "<img", "<link", "@import", "src="})
    EXPECT_THAT(page, Not(HasSubstr(text)));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
}

TEST_F(HtmlReport, EscapesNames) {
  hostileTrace("run.db");
  const std::string page = report("run.db");
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;amp;\\ =1+1,"));
  EXPECT_THAT(page, HasSubstr("&lt;b onclick=&#39;x&#39;&gt;"));
  for (const char* text : {"<script", "<b onclick", "\x1b"}) EXPECT_THAT(page, Not(HasSubstr(text)));
  isWellFormed();
}

TEST_F(HtmlReport, SaysThatACaptureHasProblems) {
  writeUnhealthyTrace(at("run.db"));
  const std::string page = report("run.db");
  EXPECT_THAT(page, HasSubstr("Problems of the capture"));
  EXPECT_THAT(page, HasSubstr("<bdi>dropped_records</bdi> = 1,204"));
  isWellFormed();
}

TEST_F(HtmlReport, OfKernelsAloneLeavesOutWhatIsMissing) {
  overlappingTrace("run.db");
  const std::string page = report("run.db");
  EXPECT_THAT(page, HasSubstr("a kernel"));
  for (const char* text : {"by layer and head", "nan", "Heads"}) EXPECT_THAT(page, Not(HasSubstr(text)));
  isWellFormed();
}

}  // namespace
}  // namespace ditscope::tests
