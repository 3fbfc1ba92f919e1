#include "tests/golden/diagnostics/wrong_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/report/apply_fix.h"

namespace braid {
namespace {

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}
bool is_sign(char c) {
  return std::string_view("=<>!&|?.-+*/%").find(c) != std::string_view::npos;
}
bool grow_together(char a, char b) {
  return (is_word(a) && is_word(b)) || (is_sign(a) && is_sign(b));
}

size_t find_whole(std::string_view text, std::string_view wanted, size_t from) {
  for (size_t at = text.find(wanted, from); at != std::string_view::npos; at = text.find(wanted, at + 1)) {
    const size_t end = at + wanted.size();
    const bool begins = at == 0 || !grow_together(text[at - 1], wanted.front());
    const bool ends = end == text.size() || !grow_together(wanted.back(), text[end]);
    if (begins && ends) return at;
  }
  return std::string_view::npos;
}

/// Length of the comment lines at the start, in which expectations are written.
size_t header_length(std::string_view text) {
  size_t at = 0;
  while (text.substr(at, 2) == "//" && text.substr(at, 3) != "///") {
    const size_t end = text.find('\n', at);
    if (end == std::string_view::npos) return text.size();
    at = end + 1;
  }
  return at;
}

/// Reads one line of a header from left to right.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) {}

  void skip_blanks() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
  }
  bool take(std::string_view word) {
    skip_blanks();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  std::string word() {
    skip_blanks();
    const size_t length = std::min(rest_.find(' '), rest_.size());
    std::string taken(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return taken;
  }
  std::optional<std::string> quoted() {
    if (!take("\"")) return std::nullopt;
    std::string text;
    while (!rest_.empty() && rest_[0] != '"') {
      if (rest_[0] == '\\' && rest_.size() > 1) {
        rest_.remove_prefix(1);
        text += rest_[0] == 'n' ? '\n' : rest_[0];
      } else {
        text += rest_[0];
      }
      rest_.remove_prefix(1);
    }
    if (!take("\"") || text.empty()) return std::nullopt;
    return text;
  }
  std::optional<QuotedPlace> place() {
    QuotedPlace place;
    skip_blanks();
    if (!rest_.starts_with('"')) place.file = word();
    std::optional<std::string> text = quoted();
    if (!text) return std::nullopt;
    place.text = *text;
    if (take("in")) {
      text = quoted();
      if (!text) return std::nullopt;
      place.context = *text;
    }
    return place;
  }
  bool at_end() {
    skip_blanks();
    return rest_.empty();
  }

 private:
  std::string_view rest_;
};

bool is_code(std::string_view text) {
  return text.size() == 5 && (text[0] == 'E' || text[0] == 'W') &&
         std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// False if the line is none of the header's forms. Prose between them is free.
bool read_line(std::string_view text, WrongScript& script) {
  Line line(text);
  if (line.take("with:")) {
    script.with.push_back(line.word());
    return line.at_end() && !script.with.back().empty();
  }
  if (line.take("run:")) {
    script.runs_alone = true;
    return line.take("this script") && line.at_end();
  }
  if (line.take("expect:")) {
    Expectation expectation;
    expectation.code = line.word();
    std::optional<QuotedPlace> at = line.take("at") ? line.place() : std::nullopt;
    if (!at || !is_code(expectation.code)) return false;
    expectation.at = *at;
    script.expected.push_back(expectation);
    return line.at_end();
  }
  const bool also = line.take("also:");
  const bool fix = !also && line.take("fix:");
  if (!also && !fix) return true;
  if (script.expected.empty()) return false;
  Expectation& expectation = script.expected.back();
  if (also) {
    std::optional<QuotedPlace> place = line.place();
    if (!place) return false;
    expectation.also.push_back(*place);
    return line.at_end();
  }
  if (line.take("none")) {
    expectation.no_fix = true;
    return line.at_end();
  }
  std::optional<std::string> before = line.take("replace") ? line.quoted() : std::nullopt;
  std::optional<std::string> after = before && line.take("with") ? line.quoted() : std::nullopt;
  if (!after) return false;
  expectation.fix = Replacement{*before, *after};
  return line.at_end();
}

std::string shown(const WrongScript& script, Span span) {
  const LineColumn at = script.sources.position(span.file, span.begin);
  return fmt::format("{}:{}:{} `{}`", script.sources.file(span.file).path, at.line, at.column,
                     script.sources.text(span));
}

bool inside(const WrongScript& script, Span span) {
  return span.file < script.sources.size() && span.begin <= span.end &&
         span.end <= script.sources.file(span.file).text.size();
}

void compare_details(const WrongScript& script, const Expectation& expectation, const Diagnostic& finding,
                     std::vector<std::string>& complaints) {
  const std::string which = fmt::format("{} at `{}`", expectation.code, expectation.at.text);
  for (const QuotedPlace& place : expectation.also) {
    const std::optional<Span> wanted = locate(script, place);
    const bool met = std::any_of(finding.labels.begin() + 1, finding.labels.end(),
                                 [&](const Label& label) { return wanted && label.span == *wanted; });
    if (!met) complaints.push_back(fmt::format("{} has no second label at `{}`", which, place.text));
  }
  if (expectation.no_fix && !finding.fixes.empty())
    complaints.push_back(fmt::format("{} offers `{}`, and silence is right", which, finding.fixes.front().text));
  if (!expectation.fix) return;
  const std::optional<std::string> wanted = fixed_text(script, expectation);
  const std::string& text = script.sources.file(script.script()).text;
  const bool met = std::any_of(finding.fixes.begin(), finding.fixes.end(),
                               [&](const Fix& fix) { return apply_edits(text, script.script(), fix.edits) == wanted; });
  if (!met)
    complaints.push_back(fmt::format("{} offers no fix that turns `{}` into `{}`", which, expectation.fix->before,
                                     expectation.fix->after));
}

}  // namespace

std::vector<std::string> wrong_script_names(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".braid") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

WrongScript read_wrong_script(const std::string& folder, const std::string& name) {
  WrongScript script;
  script.name = name;
  const std::optional<std::string> text = read_file(folder + "/" + name + ".braid");
  std::istringstream header(text ? text->substr(0, header_length(*text)) : "");
  for (std::string line; std::getline(header, line);)
    if (!read_line(std::string_view(line).substr(2), script))
      script.faults.push_back(fmt::format("cannot read the line `{}`", line));
  if (!text) script.faults.push_back("cannot read the file");
  for (const std::string& file : script.with) {
    const std::optional<std::string> other = read_file(folder + "/" + file);
    if (!other) script.faults.push_back(fmt::format("cannot read `{}`", file));
    script.sources.add(file, other.value_or(""));
  }
  script.sources.add(name + ".braid", text.value_or(""));
  if (script.expected.empty()) script.faults.push_back("expects nothing");
  return script;
}

std::optional<Span> locate(const WrongScript& script, const QuotedPlace& place) {
  uint32_t file = script.script();
  if (!place.file.empty()) {
    const auto named = std::find(script.with.begin(), script.with.end(), place.file);
    if (named == script.with.end()) return std::nullopt;
    file = static_cast<uint32_t>(named - script.with.begin());
  }
  const std::string& text = script.sources.file(file).text;
  size_t from = header_length(text);
  size_t limit = text.size();
  if (!place.context.empty()) {
    from = find_whole(text, place.context, from);
    if (from == std::string::npos) return std::nullopt;
    limit = from + place.context.size();
  }
  const size_t at = find_whole(text, place.text, from);
  if (at == std::string::npos || at + place.text.size() > limit) return std::nullopt;
  return Span{file, static_cast<uint32_t>(at), static_cast<uint32_t>(at + place.text.size())};
}

std::optional<std::string> fixed_text(const WrongScript& script, const Expectation& expectation) {
  if (!expectation.fix) return std::nullopt;
  const std::optional<Span> place = locate(script, {"", expectation.fix->before, ""});
  if (!place) return std::nullopt;
  std::string text = script.sources.file(script.script()).text;
  return text.replace(place->begin, place->end - place->begin, expectation.fix->after);
}

std::vector<std::string> compare(const WrongScript& script, const std::vector<Diagnostic>& found) {
  std::vector<std::string> complaints;
  std::vector<bool> taken(found.size(), false);
  for (const Expectation& expectation : script.expected) {
    const std::optional<Span> place = locate(script, expectation.at);
    size_t match = 0;
    while (match < found.size() &&
           (taken[match] || code_text(found[match]) != expectation.code || found[match].labels.empty() || !place ||
            found[match].labels.front().span != *place))
      ++match;
    if (match == found.size()) {
      complaints.push_back(fmt::format("{} at `{}` is not reported", expectation.code, expectation.at.text));
      continue;
    }
    taken[match] = true;
    compare_details(script, expectation, found[match], complaints);
  }
  for (size_t i = 0; i < found.size(); ++i) {
    if (taken[i]) continue;
    const bool placed = !found[i].labels.empty() && inside(script, found[i].labels.front().span);
    complaints.push_back(fmt::format("{} at {} is not expected: {}", code_text(found[i]),
                                     placed ? shown(script, found[i].labels.front().span) : "no place",
                                     found[i].message));
  }
  return complaints;
}

}  // namespace braid
