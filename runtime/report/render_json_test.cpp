#include "runtime/report/render_json.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

TEST(RenderJson, KeepsArgumentsTypedAndPlacesExact) {
  SourceSet sources;
  sources.add("a.braid", "x\n\xC3\xA9 b\n");
  Diagnostic diagnostic = diag::UnknownSymbol{.subject = "b", .symbol = "q", .symbols = {"one", "two"}}.make();
  DiagnosticBuilder(diagnostic)
      .at({0, 5, 6}, "this one")
      .note("a \"note\"")
      .fix(Applicability::certain, "use `one`", {{{0, 5, 6}, "one"}});
  EXPECT_EQ(render_json(diagnostic, sources),
            R"({"code":"E2105","name":"UnknownSymbol","severity":"error",)"
            R"("message":"`b` has no symbol `q`, only `one`, `two`",)"
            R"("arguments":{"subject":"b","symbol":"q","symbols":["one","two"]},)"
            R"("labels":[{"primary":true,"text":"this one","place":{"file":"a.braid",)"
            R"("begin":{"offset":5,"line":2,"column":3},"end":{"offset":6,"line":2,"column":4}}}],)"
            R"("notes":["a \"note\""],)"
            R"("fixes":[{"applicability":"certain","text":"use `one`","edits":[{"place":{"file":"a.braid",)"
            R"("begin":{"offset":5,"line":2,"column":3},"end":{"offset":6,"line":2,"column":4}},"text":"one"}]}]})");
}

TEST(RenderJson, WritesNumbersAsNumbersAndNoPlaceAsNull) {
  Diagnostic diagnostic = diag::CellCount{.found = 3, .expected = 4}.make();
  DiagnosticBuilder(diagnostic).at({9, 0, 1});
  const std::string json = render_json(diagnostic, SourceSet());
  EXPECT_NE(json.find(R"("arguments":{"found":3,"expected":4})"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("place":null)"), std::string::npos) << json;
}

TEST(RenderJson, CarriesTheRecordWhateverItsBytes) {
  const Diagnostic diagnostic = diag::BrokenUtf8{.offset = 0}.make();
  const RecordPlace text{.source = "d.s", .partition = "in", .position = 12, .line = 2, .bytes = "{}", .mark_end = 1};
  EXPECT_NE(render_json(diagnostic, text, SourceSet())
                .find(R"("record":{"source":"d.s","partition":"in","position":12,"line":2,"bytes":"{}","mark":[0,1]})"),
            std::string::npos);
  for (const auto& [bytes, expected] : {std::pair("\xFF", "/w=="), {"\xFF\xFE", "//4="}, {"\xFF\xFEz", "//56"}}) {
    const RecordPlace broken{.partition = "in", .bytes = bytes};
    const std::string json = render_json(diagnostic, broken, SourceSet());
    EXPECT_NE(json.find(std::string(R"("line":null,"bytes_base64":")") + expected), std::string::npos) << json;
  }
}

TEST(RenderJson, ReplacesBrokenTextInAMessage) {
  const Diagnostic diagnostic = diag::NotANumber{.field = "x", .text = "\xFF"}.make();
  EXPECT_NE(render_json(diagnostic, SourceSet()).find("`\xEF\xBF\xBD` in `x`"), std::string::npos);
}

}  // namespace
}  // namespace braid
