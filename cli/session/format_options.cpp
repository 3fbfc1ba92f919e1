#include "cli/session/format_options.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "runtime/data/time_zone.h"
#include "runtime/report/suggest.h"

namespace braid::cli {
namespace {

const std::vector<std::string> kSourceOptions{"null",   "zone",  "unit",   "separator", "quote",  "decimal",
                                              "header", "names", "schema", "encoding",  "message"};
const std::vector<std::string> kOutputOptions{"null", "separator", "quote", "decimal", "header"};

const std::string* find(const FormatOptions& options, const std::string& name) {
  const auto found = std::find_if(options.begin(), options.end(), [&](const auto& each) { return each.first == name; });
  return found == options.end() ? nullptr : &found->second;
}

/// What may stand in a number or a name is no separator and no quote.
bool is_sign(const std::string& text) {
  if (text.size() != 1) return false;
  const auto c = static_cast<unsigned char>(text.front());
  return c == '\t' || (c >= ' ' && c < 0x7F && !std::isalnum(c) && c != '-' && c != '+' && c != '.' && c != '_');
}

/// What the option takes, if `value` is something else.
std::optional<std::string> expected_instead(const FormatOptions& options, const std::string& name,
                                            const std::string& value, bool is_output) {
  auto other = [&](const std::string& option, const std::string& otherwise) {
    const std::string* text = find(options, option);
    return text == nullptr ? otherwise : *text;
  };
  auto unless = [](bool right, const char* expected) {
    return right ? std::nullopt : std::optional<std::string>(expected);
  };
  if (name == "zone") return unless(load_time_zone(value) != nullptr, "the name of a time zone, like \"Europe/Paris\"");
  if (name == "unit")
    return unless(value == "s" || value == "ms" || value == "us" || value == "ns", R"("s", "ms", "us" or "ns")");
  if (name == "separator")
    return unless(is_sign(value) && value != other("quote", "\""),
                  R"(one ASCII sign that is not the quote, like ";", "|" or "\t")");
  if (name == "quote" && is_output) return unless(is_sign(value), R"(one ASCII sign, like "'")");
  if (name == "quote") return unless(value.empty() || is_sign(value), R"(one ASCII sign, like "'", or "" for none)");
  if (name == "decimal") return unless(value == "." || value == ",", R"("." or ",")");
  if (name == "header" && value == "false" && !is_output)
    return unless(find(options, "names") != nullptr, "`names` beside it, the columns in their order");
  if (name == "header") return unless(value == "true" || value == "false", "true or false");
  if (name == "encoding") return unless(value == "json" || value == "avro", R"("json" or "avro")");
  if (name == "schema") return unless(!value.empty(), "the path of a schema");
  if (name == "message") return unless(find(options, "schema") != nullptr, "`schema` beside it, a file that has it");
  if (name == "names" && value.empty()) return "a list of the columns, like [\"id\", \"total\"]";
  if (name == "names") return unless(other("header", "true") == "false", "`header` beside it, as false");
  return std::nullopt;
}

std::string cell_of(const std::string& name) {
  if (!name.empty() && name.find_first_of(",\"\r\n") == std::string::npos) return name;
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

}  // namespace

std::string option_text(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value.content)) return *text;
  if (const auto* flag = std::get_if<bool>(&value.content)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<int64_t>(&value.content)) return std::to_string(*number);
  std::string line;
  if (const auto* names = std::get_if<std::vector<Value>>(&value.content))
    for (const Value& name : *names) line += (line.empty() ? "" : ",") + cell_of(option_text(name));
  return line;
}

Span place_of_option(std::string_view text, Span connector, std::string_view name) {
  auto letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  auto blanks = [&](size_t at) { return std::min(text.find_first_not_of(" \n\t\r", at), text.size()); };
  char quote = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') quote = quote == 0 ? '"' : 0;
    if (quote != 0 || text.substr(at, name.size()) != name || (at > 0 && letter(text[at - 1]))) continue;
    size_t begin = blanks(at + name.size());
    if (begin == text.size() || text[begin] != ':') continue;
    begin = blanks(begin + 1);
    int depth = 0;
    for (size_t end = begin; end < text.size(); ++end) {
      if (text[end] == '"' && (end == begin || text[end - 1] != '\\')) quote = quote == 0 ? '"' : 0;
      if (quote != 0) continue;
      if (text[end] == '[') ++depth;
      if (text[end] == ']') --depth;
      if (depth > 0 || (text[end] != ',' && text[end] != ')')) continue;
      while (end > begin && std::isspace(static_cast<unsigned char>(text[end - 1]))) --end;
      return {connector.file, connector.begin + static_cast<uint32_t>(begin),
              connector.begin + static_cast<uint32_t>(end)};
    }
  }
  return connector;
}

void check_format_options(const std::string& owner, const FormatOptions& options, bool is_output, Span place,
                          Reporter& reporter, std::string_view text) {
  const std::vector<std::string>& known = is_output ? kOutputOptions : kSourceOptions;
  for (const auto& [name, value] : options) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      auto finding = reporter.report(diag::UnknownKey{.section = "options of " + owner, .key = name});
      finding.at(place);
      if (const auto near = closest(name, known)) finding.note("did you mean `" + *near + "`?");
      finding.note(fmt::format("it takes: {}", fmt::join(known, ", ")));
    } else if (const auto expected = expected_instead(options, name, value, is_output)) {
      reporter.report(diag::FlagValue{.option = name + "` of `" + owner, .expected = *expected, .found = value})
          .at(text.empty() ? place : place_of_option(text, place, name));
    }
  }
}

CsvStyle csv_style(const FormatOptions& options) {
  CsvStyle style;
  if (const std::string* text = find(options, "null")) style.null_marker = *text;
  if (const std::string* text = find(options, "separator")) style.separator = text->front();
  if (const std::string* text = find(options, "quote")) style.quote = text->front();
  if (const std::string* text = find(options, "decimal")) style.decimal_comma = *text == ",";
  if (const std::string* text = find(options, "header")) style.header = *text == "true";
  return style;
}

}  // namespace braid::cli
