// Regular expressions by RE2: time grows with the text only, whatever the pattern. A pattern is a constant, checked
// when the script is compiled and compiled once per call site.
#include <re2/re2.h>

#include "runtime/declare/native.h"

namespace braid {

using Text = std::string_view;

static re2::StringPiece piece(Text text) {
  return {text.data(), text.size()};
}

static std::unique_ptr<RE2> compile(Text pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  return std::make_unique<RE2>(piece(pattern), options);
}

static std::string quoted(Text text) {
  return "`" + std::string(text) + "`";
}

static std::string pattern_problem(const RE2& pattern) {
  return pattern.ok() ? "" : quoted(pattern.pattern()) + " is not a regular expression: " + pattern.error();
}

/// Arguments: text, pattern.
static std::string check_pattern(const CallShape& call) {
  return pattern_problem(*compile(call.constants[1].text()));
}

inline constexpr int kMostGroups = 64;

/// Arguments: text, pattern, group.
static std::string check_group(const CallShape& call) {
  const std::unique_ptr<RE2> pattern = compile(call.constants[1].text());
  if (!pattern->ok()) return pattern_problem(*pattern);
  const int64_t group = call.constants[2].integer();
  if (group >= kMostGroups) return "a group above " + std::to_string(kMostGroups - 1) + " cannot be extracted";
  if (group >= 0 && group <= pattern->NumberOfCapturingGroups()) return "";
  return quoted(pattern->pattern()) + " has no group " + std::to_string(group) + "; group 0 is all that matched";
}

static bool matches(CallSite<RE2> site, Text text, Text pattern) {
  const RE2& compiled = site.get([&] { return compile(pattern); });
  return compiled.Match(piece(text), 0, text.size(), RE2::UNANCHORED, nullptr, 0);
}
BRAID_FUNCTION(
    patterns, matches,
    {.summary = "Whether a regular expression matches somewhere in the text; `^` and `$` bind it to the ends.",
     .parameters = {{"text", "Text to search."},
                    {"pattern", "Regular expression of RE2, a constant.", std::nullopt, true}},
     .problem = check_pattern,
     .examples = {{R"x("AB-123".matches(r"^[A-Z]+-\d+$"))x", "true"}, {R"x(matches("", "."))x", "false"}}})

static std::optional<Text> extract(CallSite<RE2> site, Text text, Text pattern, int64_t group) {
  const RE2& compiled = site.get([&] { return compile(pattern); });
  re2::StringPiece groups[kMostGroups];
  if (group < 0 || group >= kMostGroups) return std::nullopt;
  if (!compiled.Match(piece(text), 0, text.size(), RE2::UNANCHORED, groups, static_cast<int>(group) + 1))
    return std::nullopt;
  const re2::StringPiece& found = groups[group];
  if (found.data() == nullptr) return std::nullopt;
  return Text(found.data(), found.size());
}
BRAID_FUNCTION(patterns, extract,
               {.summary = "What a group of a regular expression matched first, null if nothing did.",
                .parameters = {{"text", "Text to search."},
                               {"pattern", "Regular expression of RE2, a constant.", std::nullopt, true},
                               {"group", "Number of the group in parentheses, a constant; 0 for the whole match.", "1",
                                true}},
                .problem = check_group,
                .examples = {{R"x("order=17;x".extract(r"order=(\d+)"))x", R"x("17")x"},
                             {R"x("a-b".extract(r"\w-\w", group: 0))x", R"x("a-b")x"},
                             {R"x("none".extract(r"order=(\d+)"))x", "null"}}})

static ListOf<Text> extract_all(CallContext& context, CallSite<RE2> site, Text text, Text pattern, int64_t group) {
  const RE2& compiled = site.get([&] { return compile(pattern); });
  if (group < 0 || group >= kMostGroups) return {nullptr, 0};
  uint64_t room = 8, count = 0;
  Slot* items = allocate_slots(context, room);
  re2::StringPiece groups[kMostGroups];
  for (size_t from = 0; from <= text.size();) {
    if (!compiled.Match(piece(text), from, text.size(), RE2::UNANCHORED, groups, static_cast<int>(group) + 1)) break;
    const size_t end = static_cast<size_t>(groups[0].data() - text.data()) + groups[0].size();
    from = groups[0].empty() ? end + 1 : end;  // an empty match must not be found for ever
    if (groups[group].data() == nullptr) continue;
    if (count == room) {
      Slot* const larger = allocate_slots(context, room * 2);
      std::memcpy(larger, items, room * sizeof(Slot));
      items = larger;
      room *= 2;
    }
    items[count++] = slot_bytes(Text(groups[group].data(), groups[group].size()));
  }
  return {items, count};
}
BRAID_FUNCTION(patterns, extract_all,
               {.summary = "What a group of a regular expression matched, for each match.",
                .parameters = {{"text", "Text to search."},
                               {"pattern", "Regular expression of RE2, a constant.", std::nullopt, true},
                               {"group", "Number of the group in parentheses, a constant; 0 for the whole match.", "1",
                                true}},
                .problem = check_group,
                .examples = {{R"x("#red and #blue".extract_all(r"#(\w+)"))x", R"x(["red", "blue"])x"},
                             {R"x("none".extract_all(r"#(\w+)").length())x", "0"}}})

static Fallible<Text> replace_pattern(CallContext& context, CallSite<RE2> site, Text text, Text pattern, Text with) {
  const RE2& compiled = site.get([&] { return compile(pattern); });
  std::string changed(text);
  if (RE2::GlobalReplace(&changed, compiled, piece(with)) == 0) return text;
  if (changed.size() > kLongestText) return too_long();
  char* const made = allocate(context, changed.size());
  std::memcpy(made, changed.data(), changed.size());
  return Text(made, changed.size());
}
BRAID_FUNCTION(
    patterns, replace_pattern,
    {.name = "replace_regex",
     .summary = "Text in which every match of a regular expression is replaced. Fails if the result is longer "
                "than 16 MiB.",
     .parameters = {{"text", "Text to change."},
                    {"pattern", "Regular expression of RE2, a constant.", std::nullopt, true},
                    {"with", "What to put there, a constant; `\\1` stands for the first group, `\\0` for the match.",
                     std::nullopt, true}},
     .problem = [](const CallShape& call) -> std::string {
       const std::unique_ptr<RE2> compiled = compile(call.constants[1].text());
       if (!compiled->ok()) return pattern_problem(*compiled);
       const std::string& with = call.constants[2].text();
       std::string reason;
       return compiled->CheckRewriteString(piece(with), &reason) ? "" : quoted(with) + ": " + reason;
     },
     .examples = {{R"x("tel. 030 / 12 34".replace_regex(r"\D", ""))x", R"x("0301234")x"},
                  {R"x("Doe, Ann".replace_regex(r"(\w+), (\w+)", r"\2 \1"))x", R"x("Ann Doe")x"},
                  {R"x(replace_regex("abc", r"\d", "-"))x", R"x("abc")x"}}})

BRAID_GROUP(patterns)

}  // namespace braid
