// Every fallible function of the standard library: its examples that fail, each a product of one script.
#include <gtest/gtest.h>

#include "compiler/typed/project.h"
#include "stdlib/registry.h"
#include "tests/reasons/failing_script.h"

namespace braid::reasons {
namespace {

/// Calls that fail, of functions whose examples do not: a text of 16 MiB is no example.
const std::map<std::string_view, std::string>& calls_beyond_examples() {
  static const std::map<std::string_view, std::string> made{
      {"braid_strings_replace", R"(x.repeat(9_000_000).replace("x", "yy"))"},
      {"braid_strings_join", "[x.repeat(9_000_000), x.repeat(9_000_000)].join()"},
      {"braid_letters_lower", R"("İ".repeat(8_000_000).lower())"},
      {"braid_letters_upper", R"("ΐ".repeat(8_000_000).upper())"},
      {"braid_letters_capitalize", R"("İ".repeat(8_000_000).capitalize())"},
      {"braid_letters_title", R"("İ".repeat(8_000_000).title())"},
      {"braid_patterns_replace_pattern", R"(x.repeat(9_000_000).replace_regex(r"x", "yy"))"},
      {"braid_calendar_timestamp_in_zone", R"(timestamp(date(from_unix(9_223_372_036_800)), "America/New_York"))"},
      {"braid_calendar_timestamp_of_parts",
       R"(timestamp(date(from_unix(9_223_372_036_800)), @12:00, "America/New_York"))"},
      {"braid_encoding_hex", "hex(bytes(x.repeat(9_000_000)))"},
      {"braid_encoding_base64", "base64(bytes(x.repeat(16_000_000)))"},
      {"braid_cutting_shorten", R"x((x.repeat(9_000_000) + "z").shorten(9_000_000, "é".repeat(8_000_000)))x"},
      {"braid_cutting_insert_at", R"x(x.repeat(9_000_000).insert_at(0, x.repeat(9_000_000)))x"},
      {"braid_cutting_replace_range", R"x(x.repeat(9_000_000).replace_range(0, 0, x.repeat(9_000_000)))x"},
      {"braid_cutting_replace_first", R"x(x.repeat(9_000_000).replace_first("x", x.repeat(9_000_000)))x"},
      {"braid_cutting_replace_last", R"x(x.repeat(9_000_000).replace_last("x", x.repeat(9_000_000)))x"},
      {"braid_cutting_translate", R"x(x.repeat(9_000_000).translate("x", "é"))x"},
      {"braid_cutting_redact", R"x(x.repeat(9_000_000).redact(with: "é"))x"},
      {"braid_unicode_normalize", R"x("\u{fdfa}".repeat(1_000_000).normalize("NFKC"))x"},
      {"braid_unicode_strip_accents", R"x("\u{fa6c}".repeat(5_000_000).strip_accents())x"},
      {"braid_unicode_to_ascii", R"x("\u{fdfa}".repeat(1_000_000).to_ascii())x"},
      {"braid_unicode_slug", R"x("\u{fdfa}".repeat(1_000_000).slug())x"},
      {"braid_unicode_fold_case", R"x("ŉ".repeat(8_000_000).fold_case())x"},
      {"braid_unicode_graphemes", R"x(x.repeat(2_000_000).graphemes())x"},
      {"braid_patterns_split_regex", R"x("a,".repeat(1_100_000).split_regex(","))x"},
      {"braid_patterns_replace_first_regex", R"x(x.repeat(9_000_000).replace_first_regex(r"(?s).+", r"\0\0"))x"},
      {"braid_patterns_escape_regex", R"x(".".repeat(9_000_000).escape_regex())x"},
      {"braid_list_parts_all_of_both", R"x(union_of(number_range(1, 600_000), number_range(1, 600_000)))x"},
      {"braid_list_parts_flatten_lists", R"x([number_range(1, 600_000), number_range(1, 600_000)].flatten())x"},
      {"braid_counts_list_value_counts", R"x(value_counts(number_range(1, 600_000)))x"},
      {"braid_sketches_list_top_k_sketch", R"x([x.repeat(9_000_000), "y".repeat(9_000_000)].top_k_sketch())x"},
      {"braid_encoding_base64url", R"x(base64url(bytes(x.repeat(16_000_000))))x"},
      {"braid_encoding_base32", R"x(base32(bytes(x.repeat(16_000_000))))x"},
      {"braid_encoding_html_escape", R"x(html_escape("<".repeat(5_000_000)))x"},
      {"braid_encoding_csv_quote", R"x(csv_quote("\"".repeat(9_000_000)))x"},
      {"braid_encoding_json_quote", R"x(json_quote("\"".repeat(9_000_000)))x"},
      {"braid_json_texts_json_keys", R"x(json_keys("{" + "\"\":1,".repeat(1_100_000) + "\"\":1}"))x"},
      {"braid_json_texts_json_elements", R"x(json_elements("[" + "1,".repeat(1_100_000) + "1]"))x"},
      {"braid_addresses_url_with_query", R"x(url_with_query("/a", "q", x.repeat(6_000_000)))x"},
      {"braid_addresses_url_join", R"x(url_join("http://a/" + x.repeat(9_000_000) + "/", x.repeat(9_000_000)))x"},
      {"braid_addresses_url_normalize", R"x(url_normalize("http://" + x.repeat(16_777_209)))x"},
      {"braid_urls_url_encode", R"("%".repeat(9_000_000).url_encode())"},
  };
  return made;
}

/// Functions that guard against values which no script makes: dates beyond those of all timestamps.
const std::set<std::string_view>& beyond_scripts() {
  static const std::set<std::string_view> made{"braid_time_timestamp_of_date"};
  return made;
}

struct Call {
  const FunctionDeclaration* function;
  std::string text;
};

TEST(Functions, NameThemselvesTheirValuesAndTheirPlace) {
  std::vector<Call> calls;
  for (const FunctionDeclaration& function : standard_library().all()) {
    if (!function.fails || beyond_scripts().count(function.symbol)) continue;
    const size_t before = calls.size();
    for (const FunctionExample& example : function.examples)
      if (example.result == "fails") calls.push_back({&function, std::string(example.call)});
    if (const auto beyond = calls_beyond_examples().find(function.symbol); beyond != calls_beyond_examples().end())
      calls.push_back({&function, beyond->second});
    EXPECT_GT(calls.size(), before) << function.symbol << " may fail, and no call of it does";
  }
  ASSERT_GT(calls.size(), 40u);
  std::string text(kRowDeclaration);
  for (size_t i = 0; i < calls.size(); ++i)
    text += fmt::format("\nproduct p{} version 1 {{\n  from row\n  select {{ id, value: {} }}\n}}\n", i, calls[i].text);
  const FailingScript script(text);
  const std::vector<ErrorRow> rows = script.run({{"shop.row", std::string(kRowText)}});
  std::set<std::string> codes;
  for (size_t i = 0; i < calls.size(); ++i) {
    SCOPED_TRACE(calls[i].text);
    const std::string product = fmt::format("shop.p{}", i);
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const ErrorRow& error) { return error.product == product; });
    if (row == rows.end()) {
      ADD_FAILURE() << "no row is rejected";
      continue;
    }
    check_row(script, *row);
    codes.insert(row->code);
    EXPECT_NE(calls[i].text.find(row->expression), std::string::npos) << row->expression;
    EXPECT_EQ(row->output, "value");
    const std::string name(calls[i].function->name);
    EXPECT_NE(row->reason.find(name), std::string::npos) << row->reason << " does not name " << name;
    if (std::getenv("BRAID_SHOW") != nullptr) fmt::print("{}  {}\n", row->code, row->reason);
  }
  EXPECT_EQ(codes, (std::set<std::string>{"E6101", "E6102", "E6104", "E6106", "E6107"}));
}

}  // namespace
}  // namespace braid::reasons
