// The wrong scripts themselves: their headers can be read, what they quote is there, the codes exist. And the
// comparison with findings, tried on findings made by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "runtime/report/render_terminal.h"
#include "tests/golden/diagnostics/check_script.h"
#include "tests/golden/diagnostics/wrong_script.h"

namespace braid {
namespace {

const std::string kFolder = std::string(BRAID_SOURCE_DIR) + "/tests/golden/diagnostics/wrong";

/// What a compiler that meets every expectation would report.
std::vector<Diagnostic> perfect(const WrongScript& script) {
  std::vector<Diagnostic> found;
  for (const Expectation& expectation : script.expected) {
    Diagnostic made;
    made.code = std::stoi(expectation.code.substr(1));
    made.severity = expectation.code[0] == 'E' ? Severity::error : Severity::warning;
    DiagnosticBuilder builder(made);
    builder.at(locate(script, expectation.at).value_or(Span{}));
    for (const QuotedPlace& place : expectation.also) builder.also(locate(script, place).value_or(Span{}), "");
    if (expectation.fix) {
      const Span span = locate(script, {"", expectation.fix->before, ""}).value_or(Span{});
      builder.fix(Applicability::likely, "fix it", {{span, expectation.fix->after}});
    }
    found.push_back(made);
  }
  return found;
}

TEST(WrongScripts, SayWhatTheyMustGet) {
  const std::vector<std::string> names = wrong_script_names(kFolder);
  EXPECT_GE(names.size(), 60u);
  for (const std::string& name : names) {
    const WrongScript script = read_wrong_script(kFolder, name);
    for (const std::string& fault : script.faults) ADD_FAILURE() << name << ": " << fault;
    for (const Expectation& expectation : script.expected) {
      EXPECT_TRUE(locate(script, expectation.at)) << name << " has no `" << expectation.at.text << "`";
      for (const QuotedPlace& place : expectation.also)
        EXPECT_TRUE(locate(script, place)) << name << " has no `" << place.text << "`";
      if (expectation.fix)
        EXPECT_TRUE(fixed_text(script, expectation)) << name << ": `" << expectation.fix->before << "`";
      EXPECT_FALSE(expectation.fix && expectation.no_fix) << name;
      const CatalogueEntry* entry = find_catalogue_entry(std::stoi(expectation.code.substr(1)));
      ASSERT_NE(entry, nullptr) << name << ": " << expectation.code << " is not in the catalogue";
      EXPECT_EQ(expectation.code[0] == 'E', entry->severity == Severity::error) << name << ": " << expectation.code;
    }
  }
}

TEST(WrongScripts, AreNumberedOnce) {
  std::map<int, std::string> numbers;
  for (const std::string& name : wrong_script_names(kFolder)) {
    const int number = std::atoi(name.c_str());
    EXPECT_TRUE(name.starts_with(fmt::format("{:02}_", number))) << name;
    EXPECT_TRUE(numbers.emplace(number, name).second) << name << " and " << numbers[number];
  }
}

TEST(WrongScripts, TouchEveryRangeOfTheCompiler) {
  std::map<int, int> scripts;
  for (const std::string& name : wrong_script_names(kFolder))
    for (const Expectation& expectation : read_wrong_script(kFolder, name).expected)
      ++scripts[std::stoi(expectation.code.substr(1)) / 1000];
  for (int range = 1; range <= 5; ++range) EXPECT_GE(scripts[range], 5) << range << "xxx";
}

TEST(Compare, AcceptsWhatTheHeadersAskFor) {
  for (const std::string& name : wrong_script_names(kFolder)) {
    const WrongScript script = read_wrong_script(kFolder, name);
    EXPECT_EQ(compare(script, perfect(script)), std::vector<std::string>()) << name;
  }
}

TEST(Compare, SaysWhatIsMissingMisplacedOrTooMuch) {
  const WrongScript script = read_wrong_script(kFolder, "22_misspelt_field");
  std::vector<Diagnostic> found = perfect(script);
  EXPECT_EQ(compare(script, {}), std::vector<std::string>{"E2107 at `amonut` is not reported"});

  std::vector<Diagnostic> changed = found;
  changed[0].labels[0].span.begin += 1;
  EXPECT_EQ(compare(script, changed).size(), 2u) << "missing at its place, and not expected at the other";

  changed = found;
  changed[0].labels.pop_back();
  EXPECT_EQ(compare(script, changed), std::vector<std::string>{"E2107 at `amonut` has no second label at `payment`"});

  changed = found;
  changed[0].fixes[0].edits[0].text = "account";
  EXPECT_EQ(compare(script, changed),
            std::vector<std::string>{"E2107 at `amonut` offers no fix that turns `amonut` into `amount`"});

  found.push_back(diag::UnknownName{.name = "euros"}.make());
  EXPECT_EQ(compare(script, found),
            std::vector<std::string>{"E2101 at no place is not expected: there is no `euros` here"});
}

TEST(Compare, WantsSilenceWhereNothingIsClose) {
  const WrongScript script = read_wrong_script(kFolder, "27_no_suggestion");
  std::vector<Diagnostic> found = perfect(script);
  DiagnosticBuilder(found[0]).fix(Applicability::likely, "use `amount`", {});
  EXPECT_EQ(compare(script, found),
            std::vector<std::string>{"E2107 at `risk_score` offers `use `amount``, and silence is right"});
}

TEST(TryWrongScripts, RunsAllOfARangeAndTriesTheFixes) {
  int runs = 0;
  const CheckScript silent = [&](const SourceSet&, const std::vector<uint32_t>&) {
    ++runs;
    return std::vector<Diagnostic>();
  };
  EXPECT_FALSE(try_wrong_scripts(silent, {1000, 1999}).empty());
  EXPECT_GT(runs, 15);
  const CheckScript stubborn = [](const SourceSet&, const std::vector<uint32_t>&) {
    return std::vector{diag::AssignInCondition{}.make()};
  };
  const std::vector<std::string> complaints = try_wrong_scripts(stubborn, {1010, 1010});
  EXPECT_NE(std::find(complaints.begin(), complaints.end(), "01_assign_in_condition: E1010 stays after its fix"),
            complaints.end());
}

TEST(TryErrorPages, AsksForTheCodeInTheExampleAndNotInTheFix) {
  std::vector<std::string> texts;
  const CheckScript blind = [&](const SourceSet& sources, const std::vector<uint32_t>&) {
    texts.push_back(sources.file(0).text);
    return std::vector<Diagnostic>();
  };
  EXPECT_EQ(try_error_pages(blind, {1010, 1010}),
            std::vector<std::string>{"E1010.md: the example does not get its code"});
  ASSERT_EQ(texts.size(), 2u) << "one run of the example, one of the fix";
  EXPECT_NE(texts[0].find("where status = \"captured\"\n"), std::string::npos) << texts[0];
  EXPECT_TRUE(texts[1].starts_with("domain payments\n") && texts[1].ends_with("}\n")) << texts[1];

  const CheckScript stubborn = [](const SourceSet&, const std::vector<uint32_t>&) {
    return std::vector{diag::AssignInCondition{}.make()};
  };
  EXPECT_EQ(try_error_pages(stubborn, {1010, 1010}).size(), 2u)
      << "it prints no place, and the fix still gets the code";

  std::vector<uint32_t> files;
  const CheckScript counting = [&](const SourceSet& sources, const std::vector<uint32_t>&) {
    files.push_back(sources.size());
    return std::vector<Diagnostic>();
  };
  try_error_pages(counting, {2116, 2116});
  EXPECT_EQ(files, (std::vector<uint32_t>{2, 2}));
}

TEST(PageAsPrinted, PutsWhatIsPrintedBelowTheExample) {
  const std::string head = "# E1010: x\n\n## Why\n\nBecause.\n\n## Example\n\n```braid\na = b\n```\n";
  const std::string rest = "\n## Fix\n\n```braid\na == b\n```\n";
  const CheckScript check = [](const SourceSet&, const std::vector<uint32_t>&) {
    Diagnostic made = diag::AssignInCondition{}.make();
    DiagnosticBuilder(made).at({0, 2, 3});
    return std::vector{made};
  };
  const std::string block =
      "\n```text\nerror[E1010]: `=` binds a name; use `==` to compare values\n --> example.braid:1:3\n  |\n"
      "1 | a = b\n  |   ^\n```\n";
  EXPECT_EQ(page_as_printed(head + rest, check), head + block + rest);
  EXPECT_EQ(page_as_printed(head + "\n```text\nold\n```\n" + rest, check), head + block + rest);
  const CheckScript silent = [](const SourceSet&, const std::vector<uint32_t>&) { return std::vector<Diagnostic>(); };
  EXPECT_EQ(page_as_printed(head + block + rest, silent), head + rest);
}

TEST(WrongScripts, CanBeShownOnATerminal) {
  for (const std::string& name : wrong_script_names(kFolder)) {
    const WrongScript script = read_wrong_script(kFolder, name);
    for (const Diagnostic& finding : perfect(script)) {
      const std::string shown = render_terminal(finding, script.sources);
      EXPECT_NE(shown.find(script.sources.file(finding.labels[0].span.file).path + ":"), std::string::npos) << shown;
      EXPECT_NE(shown.find('^'), std::string::npos) << shown;
    }
  }
}

}  // namespace
}  // namespace braid
